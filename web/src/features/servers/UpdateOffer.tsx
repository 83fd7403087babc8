import { useLingui } from "@lingui/react/macro";
import { RefreshCw } from "lucide-react";
import { useCall } from "@/app/client";
import { takeUpdate } from "@/app/updates";
import { Icon } from "@/ui/Icon";
import { Tooltip } from "@/ui/Tooltip";

/** Offered, never forced: the new version waits for this button, or for the last tab of the old one to close. */
export default function UpdateOffer() {
  const { t } = useLingui();
  const inCall = useCall((state) => state.place !== null);
  const words = inCall ? t`A new version is ready. Reload to use it; your call ends then` : t`A new version is ready. Reload to use it`;
  return (
    <Tooltip label={words}>
      <button type="button" className="srv add" aria-label={words} onClick={() => void takeUpdate()} data-roving="" tabIndex={-1}>
        <span className="frame"><Icon of={RefreshCw} /></span>
      </button>
    </Tooltip>
  );
}
