import { useLingui } from "@lingui/react/macro";
import { LogIn } from "lucide-react";
import { Link } from "wouter";
import { useHref, useHub, useInstance } from "@/app/client";
import { paths } from "@/app/paths";
import { Icon } from "@/ui/Icon";
import { ArchFace } from "@/ui/ServerArch";
import { Tooltip } from "@/ui/Tooltip";

/** In the rail for an instance where you are logged out: the way back in. */
export default function InstanceDoor() {
  const { t } = useLingui();
  const { origin } = useInstance();
  const href = useHref();
  const host = useHub((state) => state.host);
  const name = useHub((state) => state.info?.name ?? state.host);
  return (
    <Tooltip label={t`Log in at ${host}`}>
      <Link className="srv away" href={href(origin, paths.login)} data-roving={name} tabIndex={-1}>
        <span className="frame" aria-hidden><ArchFace id={origin} name={name} picture={null} /></span>
        <span className="vh">{t`Log in at ${host}`}</span>
        <span className="off"><Icon of={LogIn} /></span>
      </Link>
    </Tooltip>
  );
}
