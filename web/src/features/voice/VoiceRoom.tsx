import "@/styles/call.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { LogIn, MessageSquareText, Volume2, X } from "lucide-react";
import { canInRoom, nameOf, rosterOf } from "@/client";
import { useCall, useClient, useHub, useHubShallow, useInstance } from "@/app/client";
import { OfflineBanner } from "@/app/OfflineBanner";
import { SidePanel, useSidePanel } from "@/app/SidePanel";
import { Talk } from "@/features/chat/Conversation";
import { RoomHead } from "@/features/rooms/RoomHead";
import { Avatar } from "@/ui/Avatar";
import { Button } from "@/ui/Button";
import { IconButton } from "@/ui/IconButton";
import { Quality } from "./CurrentCall";
import { CallControls } from "./CallControls";
import { Tiles } from "./Tiles";

/** A voice room: the call when you are in it, else who is there and its chat. */
export default function VoiceRoom({ serverId, roomId }: { serverId: string; roomId: string }) {
  const here = useCall((state) => state.place?.channelId === roomId);
  return here ? <CallView serverId={serverId} roomId={roomId} /> : <FromOutside serverId={serverId} roomId={roomId} />;
}

function CallView({ serverId, roomId }: { serverId: string; roomId: string }) {
  const { t } = useLingui();
  const name = useHub((state) => state.channels[roomId]?.name ?? "");
  const topic = useHub((state) => state.channels[roomId]?.topic ?? "");
  const chat = useSidePanel("room-chat", "medium");
  return (
    <div className={`sheet ${chat.docked && chat.open ? "has-side" : ""}`}>
      <main className="main" id="main" tabIndex={-1}>
        <RoomHead icon={Volume2} title={name} topic={topic}>
          <Quality words />
          <IconButton icon={MessageSquareText} label={t`Room chat`} pressed={chat.open} onClick={chat.toggle} />
        </RoomHead>
        <OfflineBanner serverId={serverId} />
        <Tiles serverId={serverId} roomId={roomId} />
        <CallControls roomId={roomId} />
      </main>
      {chat.open && (
        <SidePanel label={t`Room chat`} className="chat" docked={chat.docked} onClose={chat.close}>
          <div className="side-h">
            <h2><Trans>Room chat</Trans></h2>
            <IconButton icon={X} label={t`Close chat`} onClick={chat.close} />
          </div>
          <Talk serverId={serverId} roomId={roomId} name={name} mini={false} />
        </SidePanel>
      )}
    </div>
  );
}

/** Not in the room: see who is there, read its chat, go in. */
function FromOutside({ serverId, roomId }: { serverId: string; roomId: string }) {
  const name = useHub((state) => state.channels[roomId]?.name ?? "");
  const topic = useHub((state) => state.channels[roomId]?.topic ?? "");
  return (
    <div className="sheet">
      <main className="main" id="main" tabIndex={-1}>
        <RoomHead icon={Volume2} title={name} topic={topic} />
        <OfflineBanner serverId={serverId} />
        <Porch serverId={serverId} roomId={roomId} />
        <Talk serverId={serverId} roomId={roomId} name={name} />
      </main>
    </div>
  );
}

function Porch({ serverId, roomId }: { serverId: string; roomId: string }) {
  const { t } = useLingui();
  const { call } = useClient();
  const { origin } = useInstance();
  const mayConnect = useHub((state) => canInRoom(state, roomId, "CONNECT"));
  const people = useHubShallow((state) => rosterOf(state, roomId).map((voice) => voice.user_id));
  const names = useHubShallow((state) => people.slice(0, 3).map((id) => nameOf(state, id, serverId) ?? ""));
  return (
    <div className={`porch ${people.length ? "lit" : ""}`}>
      {people.length > 0 && (
        <span className="stack">
          {people.slice(0, 5).map((id, index) => (
            <Avatar key={id} id={id} name={names[index] ?? "?"} size="sm" />
          ))}
        </span>
      )}
      <p className="t">
        {people.length === 0 ? <Trans>Empty. Go in, others will see the light.</Trans> : people.length > names.length ? t`${names.join(", ")} and ${people.length - names.length} more are in here` : t`In here: ${names.join(", ")}`}
      </p>
      {mayConnect ? (
        <Button kind="primary" icon={LogIn} onClick={() => void call.join({ origin, serverId, channelId: roomId })}><Trans>Go in</Trans></Button>
      ) : (
        <span className="dim"><Trans>You may not go in</Trans></span>
      )}
    </div>
  );
}
