import { lazy, Suspense, useEffect, useState, type KeyboardEvent } from "react";

export interface BoxProps {
  serverId: string;
  roomId: string;
  label: string;
  value: string;
  onValue: (text: string) => void;
  /** True when the key was used up. */
  onKey: (event: KeyboardEvent | globalThis.KeyboardEvent, firstLine: boolean) => boolean;
}

const loadEditor = () => import("./EditorBox");
const EditorBox = lazy(loadEditor);

/** A plain field that is there with the first paint; the editor takes its place, in the same box, when the page is idle. */
export function ComposerBox(props: BoxProps) {
  const ready = useEditorReady();
  const plain = <PlainBox {...props} />;
  if (!ready) return plain;
  return (
    <Suspense fallback={plain}>
      <EditorBox {...props} />
    </Suspense>
  );
}

let editorLoaded = false;

function useEditorReady(): boolean {
  const [ready, setReady] = useState(editorLoaded);
  useEffect(() => {
    if (ready) return;
    let current = true;
    const start = () =>
      void loadEditor().then(
        () => {
          editorLoaded = true;
          if (current) setReady(true);
        },
        () => undefined, // the plain field goes on doing its work
      );
    const idle = window.requestIdleCallback?.(start, { timeout: 4000 }) ?? window.setTimeout(start, 1500);
    return () => {
      current = false;
      (window.cancelIdleCallback ?? window.clearTimeout)(idle);
    };
  }, [ready]);
  return ready;
}

function PlainBox({ label, value, onValue, onKey }: BoxProps) {
  function onKeyDown(event: KeyboardEvent<HTMLTextAreaElement>) {
    if (event.nativeEvent.isComposing) return;
    const { selectionStart, selectionEnd, value: text } = event.currentTarget;
    const firstLine = selectionStart === selectionEnd && !text.slice(0, selectionStart).includes("\n");
    if (onKey(event, firstLine)) event.preventDefault();
  }
  return <textarea className="field" rows={1} data-composer data-region-focus aria-label={label} placeholder={label} value={value} onChange={(event) => onValue(event.target.value)} onKeyDown={onKeyDown} />;
}
