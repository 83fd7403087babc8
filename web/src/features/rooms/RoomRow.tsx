import { plural } from "@lingui/core/macro";
import { useLingui } from "@lingui/react/macro";
import { MessageSquare } from "lucide-react";
import { useState, type MouseEvent } from "react";
import { Link } from "wouter";
import { canInRoom, isUnread, mentionCount } from "@/client";
import { useCall, useClient, useHub, useInstance } from "@/app/client";
import { paths } from "@/app/paths";
import { useNavigate } from "@/app/navigate";
import { Icon } from "@/ui/Icon";
import { IconButton } from "@/ui/IconButton";
import { useLongPress } from "@/ui/longPress";
import { roomIcon } from "./RoomIcon";
import { focusComposerOf } from "@/features/chat/attention";
import { RoomMenu } from "./RoomMenu";

/** One room. A click on a voice room goes in at once; Alt+click only looks. */
export function RoomRow({ roomId, current, people }: { roomId: string; current: boolean; people: number }) {
  const { t } = useLingui();
  const room = useHub((state) => state.channels[roomId]);
  const unread = useHub((state) => isUnread(state, roomId));
  const mentions = useHub((state) => mentionCount(state, roomId));
  const mayConnect = useHub((state) => canInRoom(state, roomId, "CONNECT"));
  const here = useCall((state) => state.place?.channelId === roomId);
  const { call } = useClient();
  const instance = useInstance();
  const go = useNavigate();
  const [menu, setMenu] = useState(false);
  const press = useLongPress(() => setMenu(true));
  if (!room) return null;
  const voice = room.type === "voice";
  const href = paths.room(room.server_id, roomId);

  function goIn(event: MouseEvent, serverId: string) {
    if (!voice && event.detail === 0) focusComposerOf(roomId); // no mouse was pressed: Enter
    if (!voice || !mayConnect || here || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    void call.join({ origin: instance.origin, serverId, channelId: roomId });
  }

  const more = [
    voice && people > 0 && plural(people, { one: "# person", other: "# people" }),
    voice && people === 0 && t`empty`,
    here && t`you are here`,
    mentions > 0 && plural(mentions, { one: "# mention", other: "# mentions" }),
    unread && !mentions && t`unread`,
  ].filter(Boolean);

  return (
    <div
      className="room-row"
      {...press}
      onContextMenu={(event) => {
        event.preventDefault();
        setMenu(true);
      }}
    >
      <Link
        className={`row ${unread || mentions ? "unread" : ""}`}
        href={href}
        onClick={(event: MouseEvent) => {
          goIn(event, room.server_id);
          if (event.altKey) {
            event.preventDefault(); // Alt+click would download the address
            go(href);
          }
        }}
        aria-current={current ? "page" : undefined}
        data-roving={room.name}
        tabIndex={-1}
        draggable={false}
      >
        <Icon of={roomIcon(room.type)} />
        <span className="t">{room.name}<span className="vh">{more.map((words) => `, ${words}`)}</span></span>
        {people > 0 && <span className="n" aria-hidden>{room.user_limit ? `${people}/${room.user_limit}` : people}</span>}
        {mentions > 0 && <b className="count" aria-hidden>{mentions}</b>}
      </Link>
      <span className="row-tools">
        {voice && <IconButton icon={MessageSquare} label={t`Open the chat of ${room.name}`} small tabIndex={-1} onClick={() => go(`${href}?chat`)} />}
        <RoomMenu roomId={roomId} open={menu} onOpenChange={setMenu} />
      </span>
    </div>
  );
}
