import { Trans, useLingui } from "@lingui/react/macro";
import { useEffect, useRef, useState, type KeyboardEvent } from "react";
import type { Message } from "@/client";
import { useAct } from "@/app/act";
import { useActions } from "@/app/client";
import { startEditing } from "./attention";
import { askToDelete } from "./deleting";

/** A message changed in its own place: Enter saves, Escape leaves it as it was, nothing asks to delete. */
export default function EditBox({ roomId, message }: { roomId: string; message: Message }) {
  const { t } = useLingui();
  const { edit } = useActions();
  const act = useAct();
  const [text, setText] = useState(message.content);
  const box = useRef<HTMLTextAreaElement>(null);

  useEffect(() => {
    box.current?.focus();
    box.current?.setSelectionRange(message.content.length, message.content.length);
  }, [message.content]);

  function save() {
    const next = text.trim();
    if (!next) return askToDelete({ roomId, id: message.id });
    if (next === message.content) return startEditing(roomId, null);
    void act.run(async () => {
      await edit(roomId, message.id, next);
      startEditing(roomId, null);
    });
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.nativeEvent.isComposing) return;
    if (event.key === "Escape") startEditing(roomId, null);
    else if (event.key === "Enter" && !event.shiftKey) save();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  return (
    <div className="edit-box">
      <div className="composer">
        <textarea ref={box} className="field" rows={1} value={text} onChange={(event) => setText(event.target.value)} onKeyDown={onKeyDown} aria-label={t`Edit the message`} />
      </div>
      <p>
        {act.words ? (
          <span role="alert" className="fld-error">{act.words}</span>
        ) : (
          <Trans>
            Esc to <button type="button" className="linkish" onClick={() => startEditing(roomId, null)}>cancel</button>, Enter to <button type="button" className="linkish" onClick={save}>save</button>
          </Trans>
        )}
      </p>
    </div>
  );
}
