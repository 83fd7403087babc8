import { Trans, useLingui } from "@lingui/react/macro";
import { RefreshCw } from "lucide-react";
import { Banner } from "@/ui/Banner";
import { useHub, useInstance } from "./client";
import { useLinkLost } from "./link";

/** After three seconds without the line: what still works, and "Try now". Leaves without a word when the line is back. */
export function OfflineBanner({ serverId }: { serverId: string | null }) {
  const { t } = useLingui();
  const instance = useInstance();
  const name = useHub((state) => (serverId && state.servers[serverId]?.name) || state.host);
  if (!useLinkLost()) return null;
  return (
    <Banner icon={RefreshCw} action={<button type="button" className="linkish" onClick={() => instance.reconnectNow()}>{t`Try now`}</button>}>
      <Trans>
        <b>Reconnecting to {name}.</b> You can keep reading and writing; messages go out when the line is back.
      </Trans>
    </Banner>
  );
}
