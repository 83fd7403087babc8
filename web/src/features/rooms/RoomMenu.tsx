import { useLingui } from "@lingui/react/macro";
import { Ellipsis } from "lucide-react";
import { useHub } from "@/app/client";
import { IconButton } from "@/ui/IconButton";
import { Menu } from "@/ui/Menu";
import { soon } from "@/ui/soon";

const RoomMenuItems = soon(() => import("./RoomMenuItems"));

/** The three dots of a room, in its row and in its head. */
export function RoomMenu({ roomId, open, onOpenChange, small = true }: { roomId: string; open: boolean; onOpenChange: (open: boolean) => void; small?: boolean }) {
  const { t } = useLingui();
  const name = useHub((state) => state.channels[roomId]?.name ?? "");
  return (
    <Menu open={open} onOpenChange={onOpenChange} trigger={<IconButton icon={Ellipsis} label={t`More about ${name}`} small={small} tabIndex={small ? -1 : 0} data-menu />}>
      <RoomMenuItems roomId={roomId} />
    </Menu>
  );
}
