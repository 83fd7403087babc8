import { useLingui } from "@lingui/react/macro";
import { Hash, Users } from "lucide-react";
import { Suspense, useEffect, useState } from "react";
import { useSearchParams } from "wouter";
import { useActions, useCall, useHub } from "@/app/client";
import { NARROW, useMedia } from "@/app/media";
import { OfflineBanner } from "@/app/OfflineBanner";
import { useSidePanel } from "@/app/SidePanel";
import { MembersPanel } from "@/features/members/MembersPanel";
import { RoomHead } from "@/features/rooms/RoomHead";
import { RoomMenu } from "@/features/rooms/RoomMenu";
import { IconButton } from "@/ui/IconButton";
import { soon } from "@/ui/soon";
import { Composer } from "./Composer";
import { RoomAnnouncements } from "./RoomAnnouncements";
import { Timeline } from "./Timeline";

const MiniCall = soon(() => import("@/features/voice/MiniCall"));

/** A text room: what was said, and the box to say something. */
export function Conversation({ serverId, roomId }: { serverId: string; roomId: string }) {
  const { t } = useLingui();
  const name = useHub((state) => state.channels[roomId]?.name ?? "");
  const topic = useHub((state) => state.channels[roomId]?.topic ?? "");
  const side = useSidePanel("members", "wide");
  return (
    <div className={`sheet ${side.docked && side.open ? "has-side" : ""}`}>
      <main className="main" id="main" tabIndex={-1}>
        <RoomHead icon={Hash} title={name} topic={topic}>
          <HeadMenu key={roomId} roomId={roomId} />
          <IconButton icon={Users} label={t`Members`} pressed={side.open} onClick={side.toggle} />
        </RoomHead>
        <OfflineBanner serverId={serverId} />
        <Talk serverId={serverId} roomId={roomId} name={`#${name}`} />
      </main>
      {side.open && <MembersPanel serverId={serverId} docked={side.docked} onClose={side.close} />}
    </div>
  );
}

/** A link may name a message: `?message=<id>`. */
function useLinkedMessage(roomId: string): void {
  const { jumpTo } = useActions();
  const [search] = useSearchParams();
  const message = search.get("message");
  useEffect(() => {
    if (message && /^\d+$/.test(message)) void jumpTo(roomId, message).catch(() => undefined); // gone: the room opens at its end
  }, [jumpTo, roomId, message]);
}

function HeadMenu({ roomId }: { roomId: string }) {
  const [open, setOpen] = useState(false);
  return <RoomMenu roomId={roomId} open={open} onOpenChange={setOpen} small={false} />;
}

/** Log and composer of any room with a chat; the side of a call is one too. */
export function Talk({ serverId, roomId, name, mini = true }: { serverId: string; roomId: string; name: string; mini?: boolean }) {
  const { openRoom, leaveRoom } = useActions();
  useEffect(() => {
    openRoom(roomId);
    return () => leaveRoom(roomId);
  }, [openRoom, leaveRoom, roomId]);
  useLinkedMessage(roomId);
  const calling = useCall((state) => state.place !== null);
  const narrow = useMedia(NARROW);
  return (
    <>
      <Timeline key={roomId} serverId={serverId} roomId={roomId} name={name} />
      {mini && narrow && calling && <Suspense><MiniCall /></Suspense>}
      <Composer serverId={serverId} roomId={roomId} name={name} />
      <RoomAnnouncements key={roomId} roomId={roomId} serverId={serverId} />
    </>
  );
}
