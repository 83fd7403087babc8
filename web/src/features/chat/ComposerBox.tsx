import { useEffect, useEffectEvent, useState, type ComponentType, type KeyboardEvent } from "react";

export interface BoxProps {
  serverId: string;
  roomId: string;
  label: string;
  value: string;
  onValue: (text: string) => void;
  /** True when the key was used up. */
  onKey: (event: KeyboardEvent | globalThis.KeyboardEvent, firstLine: boolean) => boolean;
}

let Editor: ComponentType<BoxProps> | null = null;

/**
 * A plain field that is there with the first paint; the editor takes its place, in the same box, when the page is idle.
 * Not while somebody writes in it, and in one frame: a key pressed in between would be lost.
 */
export function ComposerBox(props: BoxProps) {
  const [Shown, show] = useState(() => Editor);
  const arrived = useEffectEvent(() => {
    if (!props.value || !document.activeElement?.matches("textarea[data-composer]")) show(() => Editor);
  });
  useEffect(() => whenIdle(() => arrived()), []);
  if (Editor && Shown !== Editor && !props.value) show(() => Editor); // what was being written has been sent
  return Shown ? <Shown {...props} /> : <PlainBox {...props} />;
}

/** Loads the editor in an idle moment and tells when it is here; returns how to stop waiting. */
function whenIdle(arrived: () => void): () => void {
  if (Editor) return () => undefined;
  let current = true;
  const load = async () => {
    try {
      Editor = (await import("./EditorBox")).default;
    } catch {
      return; // the plain field goes on doing its work
    }
    if (current) arrived();
  };
  const idle = window.requestIdleCallback?.(() => void load(), { timeout: 4000 }) ?? window.setTimeout(() => void load(), 1500);
  return () => {
    current = false;
    (window.cancelIdleCallback ?? window.clearTimeout)(idle);
  };
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
