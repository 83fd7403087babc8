import { Trans, useLingui } from "@lingui/react/macro";
import { DoorClosed, MessageSquareDashed } from "lucide-react";
import { lazy, Suspense } from "react";
import { canInServer } from "@/client";
import { useHub } from "@/app/client";
import { useNavigate } from "@/app/navigate";
import { paths } from "@/app/paths";
import { usePageTitle } from "@/app/title";
import { Conversation } from "@/features/chat/Conversation";
import { Blank } from "@/ui/Blank";
import { Button } from "@/ui/Button";
import { MessageSkeleton } from "@/ui/Skeleton";
import { RoomHead } from "./RoomHead";
import { openRoomDialog } from "./roomDialogs";
import { roomsInOrder } from "./TreeModel";

const VoiceRoom = lazy(() => import("@/features/voice/VoiceRoom"));

/** What a room is shown as; or why it is not. */
export function RoomView({ serverId, roomId }: { serverId: string; roomId: string | null }) {
  const type = useHub((state) => (roomId ? state.channels[roomId]?.type : undefined));
  const known = useHub((state) => serverId in state.servers);
  const name = useHub((state) => state.channels[roomId ?? ""]?.name ?? state.servers[serverId]?.name ?? "");
  const live = useHub((state) => state.live);
  usePageTitle(name);
  if (!type || !roomId) return known || live ? known && !roomId ? <NoRooms serverId={serverId} /> : <Closed serverId={serverId} /> : <Waiting />;
  if (type === "voice")
    return (
      <Suspense fallback={<Waiting />}>
        <VoiceRoom serverId={serverId} roomId={roomId} />
      </Suspense>
    );
  return <Conversation serverId={serverId} roomId={roomId} />;
}

function Waiting() {
  return (
    <div className="sheet">
      <main className="main" id="main" aria-busy="true" tabIndex={-1}>
        <p className="vh" role="status"><Trans>Opening the room</Trans></p>
        <RoomHead title="" />
        <div className="sk-log"><MessageSkeleton /></div>
      </main>
    </div>
  );
}

function Closed({ serverId }: { serverId: string }) {
  const { t } = useLingui();
  const go = useNavigate();
  const other = useHub((state) => roomsInOrder(state.trees[serverId] ?? [], state.channels)[0] ?? null);
  const name = useHub((state) => (other ? (state.channels[other]?.name ?? "") : ""));
  return (
    <div className="sheet">
      <main className="main" id="main" tabIndex={-1}>
        <RoomHead title={t`Closed room`} />
        <Blank
          icon={DoorClosed}
          title={t`This room is closed to you now`}
          actions={
            other ? (
              <Button kind="primary" onClick={() => go(paths.room(serverId, other), { replace: true })}>{t`Go to ${name}`}</Button>
            ) : (
              <Button kind="primary" onClick={() => go(paths.home)}>{t`Go home`}</Button>
            )
          }
        >
          <Trans>It was taken away, or your roles no longer open it. Ask somebody who looks after the server if that looks wrong; nothing you wrote is lost.</Trans>
        </Blank>
      </main>
    </div>
  );
}

function NoRooms({ serverId }: { serverId: string }) {
  const { t } = useLingui();
  const mayBuild = useHub((state) => canInServer(state, serverId, "MANAGE_CHANNELS"));
  const name = useHub((state) => state.servers[serverId]?.name ?? "");
  return (
    <div className="sheet">
      <main className="main" id="main" tabIndex={-1}>
        <RoomHead title={name} />
        <Blank icon={MessageSquareDashed} title={t`No rooms yet`} actions={mayBuild && <Button kind="primary" onClick={() => openRoomDialog({ kind: "create", parentId: null })}>{t`Make the first room`}</Button>}>
          {mayBuild ? <Trans>One to write in and one to talk in make a good start.</Trans> : <Trans>Whoever looks after this server has not made a room for you yet.</Trans>}
        </Blank>
      </main>
    </div>
  );
}
