import { useLingui } from "@lingui/react/macro";
import { Hash, Users } from "lucide-react";
import { useEffect } from "react";
import { useActions, useHub } from "@/app/client";
import { OfflineBanner } from "@/app/OfflineBanner";
import { useSidePanel } from "@/app/SidePanel";
import { MembersPanel } from "@/features/members/MembersPanel";
import { RoomHead } from "@/features/rooms/RoomHead";
import { MiniCall } from "@/features/voice/MiniCall";
import { IconButton } from "@/ui/IconButton";
import { Composer } from "./Composer";
import { RoomAnnouncements } from "./RoomAnnouncements";
import { Timeline } from "./Timeline";

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
          <IconButton icon={Users} label={t`Members`} pressed={side.open} onClick={side.toggle} />
        </RoomHead>
        <OfflineBanner serverId={serverId} />
        <Talk serverId={serverId} roomId={roomId} name={name} />
      </main>
      {side.open && <MembersPanel serverId={serverId} docked={side.docked} onClose={side.close} />}
    </div>
  );
}

/** Log and composer of any room with a chat; the side of a call is one too. */
export function Talk({ serverId, roomId, name, mini = true }: { serverId: string; roomId: string; name: string; mini?: boolean }) {
  const { openRoom, leaveRoom } = useActions();
  useEffect(() => {
    openRoom(roomId);
    return () => leaveRoom(roomId);
  }, [openRoom, leaveRoom, roomId]);
  return (
    <>
      <Timeline serverId={serverId} roomId={roomId} name={name} />
      {mini && <MiniCall />}
      <Composer serverId={serverId} roomId={roomId} name={name} />
      <RoomAnnouncements roomId={roomId} serverId={serverId} />
    </>
  );
}
