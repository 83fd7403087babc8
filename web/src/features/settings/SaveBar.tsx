import { Trans, useLingui } from "@lingui/react/macro";
import { useEffect, useRef, useState } from "react";
import type { Act } from "@/app/act";
import { guardLeaving } from "@/app/unsaved";
import { Button } from "@/ui/Button";
import { ConfirmDialog } from "@/ui/Dialog";

/** Stands while something is not saved. Leaving with it asks first. */
export function SaveBar({ act, onSave, onUndo }: { act: Act; onSave: () => void; onUndo: () => void }) {
  const { t } = useLingui();
  const [leave, setLeave] = useState<(() => void) | null>(null);
  const unguard = useRef<() => void>(() => undefined);
  useEffect(() => {
    unguard.current = guardLeaving((go) => setLeave(() => go));
    return () => unguard.current();
  }, []);
  return (
    <>
      <div className="savebar" role="status">
        <span>{act.words ?? <Trans>Changes are not saved yet</Trans>}</span>
        <Button kind="ghost" onClick={onUndo}><Trans>Undo</Trans></Button>
        <Button kind="primary" busy={act.busy} onClick={onSave}><Trans>Save</Trans></Button>
      </div>
      <ConfirmDialog
        open={leave !== null}
        title={t`Leave without saving?`}
        lead={t`What you changed on this page would be as it was before.`}
        confirm={t`Leave`}
        cancel={t`Stay here`}
        onClose={() => setLeave(null)}
        onConfirm={() => {
          unguard.current();
          leave?.();
        }}
      />
    </>
  );
}
