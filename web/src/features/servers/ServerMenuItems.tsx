import { useLingui } from "@lingui/react/macro";
import { Check, LogOut, Plus, Settings, UserPlus } from "lucide-react";
import { canInServer, serverUnread } from "@/client";
import { useActions, useHub } from "@/app/client";
import { useNavigate } from "@/app/navigate";
import { paths } from "@/app/paths";
import { openRoomDialog } from "@/features/rooms/roomDialogs";
import { MenuItem, MenuSeparator } from "@/ui/MenuItem";

/** What can be done with the whole server. */
export default function ServerMenuItems({ serverId, onLeave }: { serverId: string; onLeave: () => void }) {
  const { t } = useLingui();
  const name = useHub((state) => state.servers[serverId]?.name ?? "");
  const mayInvite = useHub((state) => canInServer(state, serverId, "CREATE_INVITE"));
  const mayBuild = useHub((state) => canInServer(state, serverId, "MANAGE_CHANNELS"));
  const mayManage = useHub((state) => canInServer(state, serverId, "MANAGE_SERVER"));
  const owner = useHub((state) => state.servers[serverId]?.owner_id === state.me?.id);
  const unread = useHub((state) => serverUnread(state, serverId));
  const { markServerRead } = useActions();
  const go = useNavigate();
  return (
    <>
      {mayInvite && <MenuItem icon={UserPlus} onSelect={() => openRoomDialog({ kind: "invite", roomId: null })}>{t`Invite people`}</MenuItem>}
      {mayBuild && <MenuItem icon={Plus} onSelect={() => openRoomDialog({ kind: "create", parentId: null })}>{t`New room`}</MenuItem>}
      {mayManage && <MenuItem icon={Settings} onSelect={() => go(paths.manage(serverId))}>{t`Server settings`}</MenuItem>}
      <MenuItem icon={Check} disabled={!unread} onSelect={() => markServerRead(serverId)}>{t`Mark all rooms as read`}</MenuItem>
      {!owner && (
        <>
          <MenuSeparator />
          <MenuItem icon={LogOut} bad onSelect={onLeave}>{t`Leave ${name}`}</MenuItem>
        </>
      )}
    </>
  );
}
