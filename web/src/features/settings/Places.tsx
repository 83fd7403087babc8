import { Trans, useLingui } from "@lingui/react/macro";
import { LogIn, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import { InstanceScope, useClient, useEvery, useHref, useHub, useInstance } from "@/app/client";
import { useLinkLost } from "@/app/link";
import { openOverlay } from "@/app/overlay";
import { paths } from "@/app/paths";
import { useNavigate } from "@/app/navigate";
import { Button } from "@/ui/Button";
import { ConfirmDialog } from "@/ui/Dialog";
import { Icon } from "@/ui/Icon";
import { IconButton } from "@/ui/IconButton";
import { ServerArch } from "@/ui/ServerArch";

/** The instances of this device: an account each, and none knows of the others. */
export function Places() {
  const { t } = useLingui();
  const origins = useEvery((state) => state.origin);
  const [leaving, leave] = useState<string | null>(null);
  return (
    <>
      <p className="hint"><Trans>Each place has its own people and its own account of yours. They do not know of each other; only this device does.</Trans></p>
      <ul className="set-list">
        {origins.map((origin) => (
          <InstanceScope key={origin} origin={origin}>
            <Place onRemove={() => leave(origin)} />
          </InstanceScope>
        ))}
      </ul>
      <Button icon={Plus} onClick={() => openOverlay("add-server")}>{t`Add a place`}</Button>
      {leaving && (
        <InstanceScope origin={leaving}>
          <Remove onClose={() => leave(null)} />
        </InstanceScope>
      )}
    </>
  );
}

function Place({ onRemove }: { onRemove: () => void }) {
  const { t } = useLingui();
  const { origin } = useInstance();
  const { home } = useClient();
  const href = useHref();
  const host = useHub((state) => state.host);
  const name = useHub((state) => state.info?.name ?? state.host);
  const me = useHub((state) => state.me);
  const out = useHub((state) => state.account.phase === "signed-out");
  const away = useLinkLost();
  return (
    <li>
      <ServerArch id={origin} name={name} />
      <span className="t">
        <strong>{name}{origin === home.origin && <> <span className="here"><Trans>this page</Trans></span></>}</strong>
        <small>
          {host}
          {me && <>, {t`as ${me.display_name}`}</>}
          {out ? <>, {t`logged out`}</> : away && <>, {t`not reachable, retrying`}</>}
        </small>
      </span>
      {out && <Link className="ib" href={href(origin, paths.login)} aria-label={t`Log in at ${host}`} data-tip={t`Log in at ${host}`}><Icon of={LogIn} /></Link>}
      {origin !== home.origin && <IconButton icon={Trash2} label={t`Remove ${host} from this device`} onClick={onRemove} />}
    </li>
  );
}

function Remove({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const client = useClient();
  const { origin } = useInstance();
  const go = useNavigate();
  const host = useHub((state) => state.host);
  return (
    <ConfirmDialog
      open
      title={t`Remove ${host} from this device?`}
      lead={t`You are logged out of ${host} here, and what this device kept of it goes. Your account there stays; log in again whenever you like.`}
      confirm={t`Remove it`}
      cancel={t`Keep it`}
      onConfirm={() => {
        onClose();
        go(`~${paths.settings("places")}`);
        client.remove(origin);
      }}
      onClose={onClose}
    />
  );
}
