import { Trans } from "@lingui/react/macro";
import { useEffect } from "react";
import type { Act } from "@/app/act";
import { Button } from "@/ui/Button";

/** Stands while something is not saved. Leaving the page with it asks first. */
export function SaveBar({ act, onSave, onUndo }: { act: Act; onSave: () => void; onUndo: () => void }) {
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", ask);
    return () => window.removeEventListener("beforeunload", ask);
  }, []);
  return (
    <div className="savebar" role="status">
      <span>{act.words ?? <Trans>Changes are not saved yet</Trans>}</span>
      <Button kind="ghost" onClick={onUndo}><Trans>Undo</Trans></Button>
      <Button kind="primary" busy={act.busy} onClick={onSave}><Trans>Save</Trans></Button>
    </div>
  );
}
