import "@/styles/editor.css";
import { useEffectEvent, useLayoutEffect, useRef } from "react";
import { useInstance } from "@/app/client";
import type { BoxProps } from "./ComposerBox";
import { createEditor, type Editor } from "./editor";

/** The same box with Markdown shown as it is typed, and names completed. */
export default function EditorBox(props: BoxProps) {
  const host = useRef<HTMLDivElement>(null);
  const editor = useRef<Editor | null>(null);
  const instance = useInstance();
  const onText = useEffectEvent(props.onValue);
  const onKey = useEffectEvent(props.onKey);

  const start = useEffectEvent((parent: HTMLElement) => {
    // The plain field gave up its place in this very frame: keep its focus and caret.
    const plain = parent.ownerDocument.activeElement === parent.ownerDocument.body && wasTyping;
    const made = createEditor(parent, { text: props.value, label: props.label, instance, serverId: props.serverId, onText: (text) => onText(text), onKey: (event, firstLine) => onKey(event, firstLine) });
    if (plain) made.focus();
    return made;
  });
  const open = useEffectEvent(() => editor.current?.open(props.value, props.label));

  useLayoutEffect(() => {
    if (!host.current) return;
    const made = start(host.current);
    editor.current = made;
    return () => made.destroy();
  }, [instance, props.serverId]);

  const shown = useRef(props.roomId);
  useLayoutEffect(() => {
    if (shown.current === props.roomId) return;
    shown.current = props.roomId;
    open(); // another room: its own draft, and nothing to undo from the one before
  }, [props.roomId]);

  useLayoutEffect(() => editor.current?.setText(props.value), [props.value]);

  return <div className="field editor" ref={host} />;
}

/** Whether the composer had the focus a moment ago: also the plain field, which was there before this file was loaded. */
let wasTyping = typeof document !== "undefined" && Boolean(document.activeElement?.matches("[data-composer]"));
if (typeof document !== "undefined") {
  document.addEventListener("focusin", (event) => (wasTyping = event.target instanceof HTMLElement && event.target.matches("[data-composer]")));
}
