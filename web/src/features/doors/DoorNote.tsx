import { Trans } from "@lingui/react/macro";
import { Server } from "lucide-react";
import { useHub } from "@/app/client";
import { Icon } from "@/ui/Icon";

/** Whose house this is: no page pretends there is a centre. */
export function DoorNote() {
  const host = useHub((state) => state.host);
  return (
    <p className="fine">
      <Icon of={Server} />
      <span>
        <Trans>
          This server is run by its own people at <b>{host}</b>. Your account lives there and nowhere else.
        </Trans>
      </span>
    </p>
  );
}
