import "@/styles/editor.css";
import { useLayoutEffect, useRef } from "react";
import { useInstance } from "@/app/client";
import type { BoxProps } from "./ComposerBox";
import { createEditor, type Editor } from "./editor";

/** The same box with Markdown shown as it is typed, and names completed. */
export default function EditorBox(props: BoxProps) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | null>(null);
  const now = useRef(props);
  const instance = useInstance();
  now.current = props;

  useLayoutEffect(() => {
    const parent = host.current;
    if (!parent) return;
    // The plain field gave up its place in this very frame: keep its focus and caret.
    const plain = parent.ownerDocument.activeElement === parent.ownerDocument.body && wasTyping;
    const made = createEditor(parent, {
      text: now.current.value,
      label: props.label,
      instance,
      serverId: props.serverId,
      onText: (text) => now.current.onValue(text),
      onKey: (event, firstLine) => now.current.onKey(event, firstLine),
    });
    editor.current = made;
    if (plain) made.focus();
    return () => made.destroy();
  }, [instance, props.serverId, props.roomId, props.label]);

  useLayoutEffect(() => editor.current?.setText(props.value), [props.value]);

  return <div className="field editor" ref={host} />;
}

/** Whether the composer had the focus a moment ago. */
let wasTyping = false;
if (typeof document !== "undefined") {
  document.addEventListener("focusin", (event) => (wasTyping = event.target instanceof HTMLElement && event.target.matches("[data-composer]")));
}
