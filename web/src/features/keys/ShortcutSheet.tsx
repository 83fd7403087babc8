import { useLingui } from "@lingui/react/macro";
import { Dialog } from "@/ui/Dialog";
import { KeyTable } from "./KeyTable";

export default function ShortcutSheet({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  return (
    <Dialog open className="sheet-of-keys" title={t`Keyboard shortcuts`} closeLabel={t`Close`} onClose={onClose}>
      <KeyTable level={3} />
    </Dialog>
  );
}
