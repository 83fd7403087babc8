import { useLingui } from "@lingui/react/macro";
import { Copy, Link, Trash2 } from "lucide-react";
import type { Message } from "@/client";
import { useInstance } from "@/app/client";
import { copyText } from "@/app/clipboard";
import { paths } from "@/app/paths";
import { MenuItem, MenuSeparator } from "@/ui/MenuItem";
import { askToDelete } from "./deleting";

export default function MessageMenuItems({ roomId, message, mayDelete }: { roomId: string; message: Message; mayDelete: boolean }) {
  const { t } = useLingui();
  const { origin } = useInstance();
  return (
    <>
      <MenuItem icon={Copy} onSelect={() => void copyText(message.content)}>{t`Copy text`}</MenuItem>
      <MenuItem icon={Link} onSelect={() => void copyText(`${origin}${paths.room(message.server_id, roomId)}?message=${message.id}`)}>{t`Copy link`}</MenuItem>
      {mayDelete && (
        <>
          <MenuSeparator />
          <MenuItem icon={Trash2} bad onSelect={() => askToDelete({ roomId, id: message.id })}>{t`Delete`}</MenuItem>
        </>
      )}
    </>
  );
}
