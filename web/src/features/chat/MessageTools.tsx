import { useLingui } from "@lingui/react/macro";
import { Copy, Ellipsis, Link, Pencil, Reply, Trash2 } from "lucide-react";
import { canInRoom, type Message } from "@/client";
import { useHub, useInstance } from "@/app/client";
import { copyText } from "@/app/clipboard";
import { paths } from "@/app/paths";
import { IconButton } from "@/ui/IconButton";
import { Menu, MenuItem, MenuSeparator } from "@/ui/Menu";
import { replyTo, startEditing } from "./attention";
import { askToDelete } from "./deleting";

/** Floats over the row's corner and takes no space. */
export function MessageTools({ roomId, message, menu, onMenu }: { roomId: string; message: Message; menu: boolean; onMenu: (open: boolean) => void }) {
  const { t } = useLingui();
  const { origin } = useInstance();
  const mine = useHub((state) => state.me?.id === message.author.id);
  const mayWrite = useHub((state) => canInRoom(state, roomId, "SEND_MESSAGES"));
  const mayTidy = useHub((state) => canInRoom(state, roomId, "MANAGE_MESSAGES"));
  return (
    <div className="tools" role="toolbar" aria-label={t`Message actions`}>
      {mayWrite && <IconButton icon={Reply} label={t`Reply`} keys="R" onClick={() => replyTo(roomId, message.id)} />}
      {mine && <IconButton icon={Pencil} label={t`Edit`} keys="E" onClick={() => startEditing(roomId, message.id)} />}
      <Menu open={menu} onOpenChange={onMenu} trigger={<IconButton icon={Ellipsis} label={t`More`} />}>
        <MenuItem icon={Copy} onSelect={() => void copyText(message.content)}>{t`Copy text`}</MenuItem>
        <MenuItem icon={Link} onSelect={() => void copyText(`${origin}${paths.room(message.server_id, roomId)}?message=${message.id}`)}>{t`Copy link`}</MenuItem>
        {(mine || mayTidy) && (
          <>
            <MenuSeparator />
            <MenuItem icon={Trash2} bad onSelect={() => askToDelete({ roomId, id: message.id })}>{t`Delete`}</MenuItem>
          </>
        )}
      </Menu>
    </div>
  );
}
