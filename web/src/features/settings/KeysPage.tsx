import { useLingui } from "@lingui/react/macro";
import { useStore } from "zustand";
import { allowSingleKeys, singleKeysOn } from "@/app/keys";
import { KeyTable } from "@/features/keys/KeyTable";
import { Switch } from "@/ui/Switch";

/** Every shortcut there is, and the switch for single keys. */
export function KeysPage() {
  const { t } = useLingui();
  const single = useStore(singleKeysOn);
  return (
    <>
      <Switch label={t`Single keys in a call`} hint={t`M, D and V act with a call open, and never while you type.`} checked={single} onChecked={allowSingleKeys} />
      <KeyTable level={2} />
    </>
  );
}
