import { Trans } from "@lingui/react/macro";
import { Suspense } from "react";
import { useHub } from "@/app/client";
import { usePageTitle } from "@/app/title";
import { Conversation } from "@/features/chat/Conversation";
import { MessageSkeleton } from "@/ui/Skeleton";
import { soon } from "@/ui/soon";
import { RoomHead } from "./RoomHead";

const NoRoom = soon(() => import("./NoRoom"));
const VoiceRoom = soon(() => import("@/features/voice/VoiceRoom"));

/** What a room is shown as; or why it is not. */
export function RoomView({ serverId, roomId }: { serverId: string; roomId: string | null }) {
  const type = useHub((state) => (roomId ? state.channels[roomId]?.type : undefined));
  const known = useHub((state) => serverId in state.servers);
  const name = useHub((state) => state.channels[roomId ?? ""]?.name ?? state.servers[serverId]?.name ?? "");
  const live = useHub((state) => state.live);
  usePageTitle(name);
  if (!type || !roomId)
    return known || live ? (
      <Suspense fallback={<Waiting />}>
        <NoRoom serverId={serverId} closed={!known || roomId !== null} />
      </Suspense>
    ) : (
      <Waiting />
    );
  if (type === "voice")
    return (
      <Suspense fallback={<Waiting />}>
        <VoiceRoom key={roomId} serverId={serverId} roomId={roomId} />
      </Suspense>
    );
  // Not made anew from room to room: members, head and editor stay, only the log changes.
  return <Conversation key={serverId} serverId={serverId} roomId={roomId} />;
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
