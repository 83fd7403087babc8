import { useLingui } from "@lingui/react/macro";
import { useCallback, useEffect, useRef, type RefObject } from "react";
import { useHub } from "@/app/client";
import { TreePane } from "@/app/TreePane";
import { TreeSplit } from "@/app/TreeSplit";
import { CallPanel } from "@/features/voice/CallPanel";
import { ServerHead } from "@/features/servers/ServerHead";
import { roving } from "@/ui/roving";
import { RoomBranch } from "./RoomBranch";

/** The rooms of a server, who is in them, and your own call. */
export function Tree({ serverId, roomId }: { serverId: string; roomId: string | null }) {
  const { t } = useLingui();
  const name = useHub((state) => state.servers[serverId]?.name ?? "");
  const tree = useHub((state) => state.trees[serverId]);
  const nav = useRef<HTMLElement>(null);
  const attach = useCallback((node: HTMLElement | null) => {
    nav.current = node;
    return roving(node);
  }, []);
  useTabStop(nav, roomId, tree);
  return (
    <TreePane label={name} alone={!roomId}>
      <ServerHead serverId={serverId} alone={!roomId} />
      <nav className="tree-body" aria-label={t`Rooms`} data-region ref={attach}>
        {tree && <RoomBranch nodes={tree} roomId={roomId} top />}
      </nav>
      <CallPanel />
      <TreeSplit />
    </TreePane>
  );
}

/** The one tab stop of the tree is the open room, or else its first row. */
function useTabStop(nav: RefObject<HTMLElement | null>, roomId: string | null, tree: unknown): void {
  useEffect(() => {
    const rows = nav.current?.querySelectorAll<HTMLElement>("[data-roving]") ?? [];
    const stop = nav.current?.querySelector<HTMLElement>('[data-roving][aria-current="page"]') ?? rows[0];
    for (const row of rows) row.tabIndex = row === stop ? 0 : -1;
  }, [nav, roomId, tree]);
}
