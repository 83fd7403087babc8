import { useLingui } from "@lingui/react/macro";
import { Ellipsis, Pencil, Reply } from "lucide-react";
import { canInRoom, type Message } from "@/client";
import { useHub } from "@/app/client";
import { tipOf } from "@/app/keys";
import { IconButton } from "@/ui/IconButton";
import { Menu } from "@/ui/Menu";
import { soon } from "@/ui/soon";
import { replyTo, startEditing } from "./attention";

const MessageMenuItems = soon(() => import("./MessageMenuItems"));

/** Floats over the row's corner and takes no space. */
export default function MessageTools({ roomId, message, menu, onMenu }: { roomId: string; message: Message; menu: boolean; onMenu: (open: boolean) => void }) {
  const { t } = useLingui();
  const mine = useHub((state) => state.me?.id === message.author.id);
  const mayWrite = useHub((state) => canInRoom(state, roomId, "SEND_MESSAGES"));
  const mayTidy = useHub((state) => canInRoom(state, roomId, "MANAGE_MESSAGES"));
  return (
    <div className="tools" role="toolbar" aria-label={t`Message actions`}>
      {mayWrite && <IconButton icon={Reply} label={t`Reply`} keys={tipOf("reply")} onClick={() => replyTo(roomId, message.id)} />}
      {mine && <IconButton icon={Pencil} label={t`Edit`} keys={tipOf("edit")} onClick={() => startEditing(roomId, message.id)} />}
      <Menu open={menu} onOpenChange={onMenu} trigger={<IconButton icon={Ellipsis} label={t`More`} />}>
        <MessageMenuItems roomId={roomId} message={message} mayDelete={mine || mayTidy} />
      </Menu>
    </div>
  );
}
