import { useLingui } from "@lingui/react/macro";
import { useAct } from "@/app/act";
import { useActions, useHub } from "@/app/client";
import { useNavigate } from "@/app/navigate";
import { paths } from "@/app/paths";
import { ConfirmDialog } from "@/ui/Dialog";
import { FormError } from "@/ui/Field";

export default function LeaveServer({ serverId, onClose }: { serverId: string; onClose: () => void }) {
  const { t } = useLingui();
  const name = useHub((state) => state.servers[serverId]?.name ?? "");
  const { leaveServer } = useActions();
  const go = useNavigate();
  const act = useAct();
  return (
    <ConfirmDialog
      open
      title={t`Leave ${name}?`}
      lead={t`Its rooms close to you. What you wrote stays; to come back you need an invite link.`}
      confirm={t`Leave ${name}`}
      cancel={t`Stay`}
      busy={act.busy}
      error={act.words && <FormError>{act.words}</FormError>}
      onConfirm={() =>
        void act.run(async () => {
          await leaveServer(serverId);
          onClose();
          go(paths.home);
        })
      }
      onClose={onClose}
    />
  );
}
