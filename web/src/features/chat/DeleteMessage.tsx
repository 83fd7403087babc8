import { useLingui } from "@lingui/react/macro";
import { useStore } from "zustand";
import { useAct } from "@/app/act";
import { useActions } from "@/app/client";
import { ConfirmDialog } from "@/ui/Dialog";
import { FormError } from "@/ui/Field";
import { focusComposer } from "./attention";
import { askToDelete, deleting } from "./deleting";

export default function DeleteMessage() {
  const { t } = useLingui();
  const { remove } = useActions();
  const message = useStore(deleting, (state) => state.message);
  const act = useAct();
  const close = () => {
    askToDelete(null);
    act.clear();
    focusComposer();
  };
  return (
    <ConfirmDialog
      open={message !== null}
      title={t`Delete this message?`}
      lead={t`It goes for everybody in the room.`}
      confirm={t`Delete`}
      cancel={t`Keep it`}
      busy={act.busy}
      error={act.words && <FormError>{act.words}</FormError>}
      onConfirm={() =>
        void act.run(async () => {
          if (message) await remove(message.roomId, message.id);
          close();
        })
      }
      onClose={close}
    />
  );
}
