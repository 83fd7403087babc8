import { Trans, useLingui } from "@lingui/react/macro";
import { Lock, Reply, SendHorizontal, X } from "lucide-react";
import { useRef, type KeyboardEvent } from "react";
import { useStore } from "zustand";
import { canInRoom, nameOf, pendingOf, shownMessages } from "@/client";
import { useActions, useHub, useInstance } from "@/app/client";
import { tipOf } from "@/app/keys";
import { Icon } from "@/ui/Icon";
import { IconButton } from "@/ui/IconButton";
import { attention, focusComposer, replyTo, startEditing } from "./attention";
import { boxAct, charactersLeft } from "./ComposerModel";
import { ComposerBox } from "./ComposerBox";
import { focusLastMessage } from "./logKeys";
import { TypingRow } from "./TypingRow";

/** The box under the log. Says in its place why nobody may write here, and never eats a draft. */
export function Composer({ serverId, roomId, name }: { serverId: string; roomId: string; name: string }) {
  const mayWrite = useHub((state) => canInRoom(state, roomId, "SEND_MESSAGES"));
  return (
    <div className="composer-wrap" data-region>
      {mayWrite ? <Writing serverId={serverId} roomId={roomId} name={name} /> : <Blocked name={name} />}
    </div>
  );
}

function Blocked({ name }: { name: string }) {
  return (
    <>
      <p className="blocked"><Icon of={Lock} /><span><Trans>You may read {name}, not write here.</Trans></span></p>
      <p className="typing" />
    </>
  );
}

function Writing({ serverId, roomId, name }: { serverId: string; roomId: string; name: string }) {
  const { t } = useLingui();
  const { store } = useInstance();
  const { send, setDraft, typing } = useActions();
  const draft = useHub((state) => state.drafts[roomId] ?? "");
  const limit = useHub((state) => state.info?.message_length ?? 4000);
  const reply = useStore(attention, (state) => state.replyTo[roomId] ?? null);
  const touch = useRef(window.matchMedia("(pointer: coarse)").matches);
  const left = charactersLeft(draft, limit);
  const ready = draft.trim().length > 0 && (left === null || left >= 0);

  function submit() {
    if (!ready) return;
    send(roomId, draft.trim(), reply);
    setDraft(roomId, "");
    replyTo(roomId, null);
    focusComposer();
  }

  function editLast() {
    const { me } = store.getState();
    const last = shownMessages(store.getState(), roomId).findLast((message) => message.author.id === me?.id);
    if (last) startEditing(roomId, last.id);
    else if (!pendingOf(store.getState(), roomId).length) focusLastMessage(); // one that is on its way has nothing to change yet
  }

  function onKey(event: KeyboardEvent | globalThis.KeyboardEvent, firstLine: boolean): boolean {
    switch (boxAct(event, { text: draft, firstLine, touch: touch.current, replying: reply !== null })) {
      case "send":
        submit();
        return true;
      case "cancel":
        replyTo(roomId, null);
        return true;
      case "edit-last":
        editLast();
        return true;
      case "enter-log":
        focusLastMessage();
        return true;
      default:
        return false;
    }
  }

  function change(text: string) {
    setDraft(roomId, text);
    if (text.trim()) typing(roomId);
  }

  return (
    <>
      {reply && <ReplyChip serverId={serverId} roomId={roomId} message={reply} />}
      <div className="composer">
        <ComposerBox serverId={serverId} roomId={roomId} label={t`Message ${name}`} value={draft} onValue={change} onKey={onKey} />
        <IconButton className="send" icon={SendHorizontal} mirror label={t`Send`} keys={tipOf("send")} aria-disabled={!ready || undefined} onClick={submit} />
      </div>
      <TypingRow serverId={serverId} roomId={roomId} left={left} />
    </>
  );
}

function ReplyChip({ serverId, roomId, message }: { serverId: string; roomId: string; message: string }) {
  const { t } = useLingui();
  const author = useHub((state) => {
    const said = state.rooms[roomId]?.messages[message];
    return said ? (nameOf(state, said.author.id, serverId) ?? said.author.display_name) : "";
  });
  return (
    <div className="chips">
      <span className="chip">
        <Icon of={Reply} mirror />
        <span className="t"><Trans>Reply to <b>{author}</b></Trans></span>
        <IconButton icon={X} small label={t`Do not reply`} keys="Esc" onClick={() => replyTo(roomId, null)} />
      </span>
    </div>
  );
}
