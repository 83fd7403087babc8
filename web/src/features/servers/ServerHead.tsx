import { ChevronDown } from "lucide-react";
import { Suspense, useState } from "react";
import { useHub } from "@/app/client";
import { TreeTitle } from "@/app/TreePane";
import { Icon } from "@/ui/Icon";
import { Menu } from "@/ui/Menu";
import { soon } from "@/ui/soon";

const ServerMenuItems = soon(() => import("./ServerMenuItems"));
const LeaveServer = soon(() => import("./LeaveServer"));

/** Name over host; opens what can be done with the whole server. */
export function ServerHead({ serverId, alone }: { serverId: string; alone: boolean }) {
  const name = useHub((state) => state.servers[serverId]?.name ?? "");
  const host = useHub((state) => state.host);
  const [leaving, leave] = useState(false);
  return (
    <TreeTitle alone={alone}>
      <Menu
        align="start"
        trigger={
          <button type="button" className="tree-head">
            <span>
              <strong>{name}</strong>
              <small>{host}</small>
            </span>
            <Icon of={ChevronDown} />
          </button>
        }
      >
        <ServerMenuItems serverId={serverId} onLeave={() => leave(true)} />
      </Menu>
      <Suspense>{leaving && <LeaveServer serverId={serverId} onClose={() => leave(false)} />}</Suspense>
    </TreeTitle>
  );
}
