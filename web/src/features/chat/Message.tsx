import { Trans, useLingui } from "@lingui/react/macro";
import { memo, Suspense, useState, type KeyboardEvent } from "react";
import { useStore } from "zustand";
import { canInRoom, hueOf, nameOf, type Message as Said } from "@/client";
import { useHub } from "@/app/client";
import { shortcutFor } from "@/app/keys";
import { comboOf } from "@/app/ShortcutModel";
import { PersonTrigger } from "@/features/people/PersonTrigger";
import { Avatar } from "@/ui/Avatar";
import { soon } from "@/ui/soon";
import { attention, replyTo, startEditing } from "./attention";
import EditBox from "./EditBox";
import { MessageBody } from "./MessageBody";
import { ReplyQuote } from "./ReplyQuote";
import { clockTime, fullTime, gutterTime } from "./times";

const MessageTools = soon(() => import("./MessageTools"));

interface Props {
  serverId: string;
  roomId: string;
  id: string;
  rowKey: string;
  /** Opens a group: avatar, name and time. */
  first: boolean;
}

export const Message = memo(function Message({ serverId, roomId, id, rowKey, first }: Props) {
  const { t } = useLingui();
  const message = useHub((state) => state.rooms[roomId]?.messages[id]);
  const me = useHub((state) => state.me?.id);
  const myRoles = useHub((state) => state.servers[serverId]?.me.roles);
  const name = useHub((state) => nameOf(state, message?.author.id ?? "", serverId)) ?? message?.author.display_name ?? "";
  const mayWrite = useHub((state) => canInRoom(state, roomId, "SEND_MESSAGES"));
  const editing = useStore(attention, (state) => state.editing[roomId] === id);
  const [near, setNear] = useState(false);
  const [menu, setMenu] = useState(false);
  if (!message) return null;
  const at = Date.parse(message.timestamp);
  const pinged = message.mention_everyone || message.mentions.some((mention) => mention === me || myRoles?.includes(mention));

  const mine = message.author.id === me;

  function onKeyDown(event: KeyboardEvent) {
    if (event.target !== event.currentTarget) return;
    const meant = shortcutFor("message", comboOf(event))?.id;
    if (meant === "reply" && mayWrite) replyTo(roomId, id);
    else if (meant === "edit" && mine) startEditing(roomId, id);
    else return;
    event.preventDefault();
  }

  const body = <MessageBody serverId={serverId} content={message.content} edited={message.edited_timestamp} />;
  const classes = ["msg", first && "first", pinged && "pinged", menu && "is-open"].filter(Boolean).join(" ");
  return (
    <>
      {first && <div className="msg-gap" />}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- its keys are shortcuts for the buttons inside */}
      <article
        className={classes}
        aria-label={t`${name}, ${clockTime(at)}`}
        tabIndex={-1}
        data-row={rowKey}
        onKeyDown={onKeyDown}
        onPointerEnter={() => setNear(true)}
        onPointerLeave={() => setNear(false)}
        onFocus={() => setNear(true)}
        onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setNear(false)}
      >
        {message.referenced_message && <ReplyQuote serverId={serverId} roomId={roomId} reference={message.referenced_message} reachable={near} />}
        <div className="msg-in">
          {first ? <Avatar id={message.author.id} name={name} picture={message.author.avatar} bot={message.author.kind === "bot"} size="lg" /> : <Gutter at={at} />}
          <div className="msg-b">
            {first && <Author serverId={serverId} message={message} name={name} at={at} reachable={near} />}
            {editing ? <EditBox roomId={roomId} message={message} /> : body}
          </div>
        </div>
        {(near || menu) && !editing && <Suspense><MessageTools roomId={roomId} message={message} menu={menu} onMenu={setMenu} /></Suspense>}
      </article>
    </>
  );
});

function Gutter({ at }: { at: number }) {
  return <time className="gut" dateTime={new Date(at).toISOString()} title={fullTime(at)}>{gutterTime(at)}</time>;
}

/** The log is one tab stop: the name joins the tab order only while its message has the focus. */
function Author({ serverId, message, name, at, reachable }: { serverId: string; message: Said; name: string; at: number; reachable: boolean }) {
  const hue = useHub((state) => hueOf(state, message.author.id, serverId));
  return (
    <h3>
      <PersonTrigger serverId={serverId} userId={message.author.id} known={message.author}>
        <button type="button" className={`name ${hue ? `hue-${hue}` : ""}`} tabIndex={reachable ? 0 : -1}>{name}</button>
      </PersonTrigger>
      {message.author.kind === "bot" && <span className="app-tag"><Trans>App</Trans></span>}
      <time dateTime={message.timestamp} title={fullTime(at)}>{clockTime(at)}</time>
    </h3>
  );
}
