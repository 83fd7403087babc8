import { Trans } from "@lingui/react/macro";
import { Server } from "lucide-react";
import { Link } from "wouter";
import { useClient, useHub, useInstance } from "@/app/client";
import { paths } from "@/app/paths";
import { Icon } from "@/ui/Icon";

/** Whose house this is: no page pretends there is a centre. At the door of another instance there is a way back. */
export function DoorNote() {
  const { home } = useClient();
  const { origin } = useInstance();
  const host = useHub((state) => state.host);
  return (
    <>
      {origin !== home.origin && <p className="alt"><Link className="linkish" href={`~${paths.home}`}><Trans>Back to your servers</Trans></Link></p>}
      <p className="fine">
        <Icon of={Server} />
        <span>
          <Trans>
            This server is run by its own people at <b>{host}</b>. Your account lives there and nowhere else.
          </Trans>
        </span>
      </p>
    </>
  );
}
