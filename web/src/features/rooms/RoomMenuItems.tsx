import { useLingui } from "@lingui/react/macro";
import { ArrowDown, ArrowUp, Check, FolderTree, Link, MessageSquare, Pencil, Plus, Trash2 } from "lucide-react";
import { canInRoom, isUnread } from "@/client";
import { useActions, useHub, useInstance } from "@/app/client";
import { copyText } from "@/app/clipboard";
import { useNavigate } from "@/app/navigate";
import { paths } from "@/app/paths";
import { MenuItem, MenuSeparator } from "@/ui/MenuItem";
import { toast } from "@/ui/toasts";
import { openRoomDialog } from "./roomDialogs";
import { siblingsOf } from "./TreeModel";

/** Everything a room's row can do; every drag has its item here. */
export default function RoomMenuItems({ roomId }: { roomId: string }) {
  const { t } = useLingui();
  const { origin } = useInstance();
  const { markRead } = useActions();
  const room = useHub((state) => state.channels[roomId]);
  const unread = useHub((state) => isUnread(state, roomId));
  const mayBuild = useHub((state) => canInRoom(state, roomId, "MANAGE_CHANNELS"));
  const go = useNavigate();
  if (!room) return null;
  const address = paths.room(room.server_id, roomId);
  const category = room.type === "category";
  return (
    <>
      {room.type === "voice" && <MenuItem icon={MessageSquare} onSelect={() => go(`${address}?chat`)}>{t`Open its chat without going in`}</MenuItem>}
      {!category && <MenuItem icon={Check} disabled={!unread} onSelect={() => markRead(roomId)}>{t`Mark as read`}</MenuItem>}
      {!category && (
        <MenuItem
          icon={Link}
          onSelect={() => void copyText(origin + address).then(() => toast(t`Link to ${room.name} copied`))}
        >
          {t`Copy link`}
        </MenuItem>
      )}
      {mayBuild && (
        <>
          {!category && <MenuSeparator />}
          <MenuItem icon={Pencil} onSelect={() => openRoomDialog({ kind: "edit", roomId })}>{category ? t`Rename` : t`Name and topic`}</MenuItem>
          <MenuItem icon={Plus} onSelect={() => openRoomDialog({ kind: "create", parentId: roomId })}>{t`New room inside`}</MenuItem>
          <Moves roomId={roomId} />
          <MenuItem icon={FolderTree} onSelect={() => openRoomDialog({ kind: "move", roomId })}>{t`Move to…`}</MenuItem>
          <MenuSeparator />
          <MenuItem icon={Trash2} bad onSelect={() => openRoomDialog({ kind: "delete", roomId })}>
            {t`Delete ${room.name}`}
          </MenuItem>
        </>
      )}
    </>
  );
}

function Moves({ roomId }: { roomId: string }) {
  const { t } = useLingui();
  const { moveChannel } = useActions();
  const room = useHub((state) => state.channels[roomId]);
  const tree = useHub((state) => state.trees[room?.server_id ?? ""]);
  const siblings = siblingsOf(tree ?? [], roomId);
  const at = siblings.indexOf(roomId);
  const move = (to: number) => void moveChannel(roomId, room?.parent_id ?? null, to).catch(() => toast(t`${room?.name ?? ""} stayed where it was: the server did not allow the move.`));
  return (
    <>
      <MenuItem icon={ArrowUp} disabled={at <= 0} onSelect={() => move(at - 1)}>{t`Move up`}</MenuItem>
      <MenuItem icon={ArrowDown} disabled={at >= siblings.length - 1} onSelect={() => move(at + 1)}>{t`Move down`}</MenuItem>
    </>
  );
}
