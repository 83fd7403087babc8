import { Trans, useLingui } from "@lingui/react/macro";
import { Volume2, X } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { Virtualizer, type VirtualizerHandle } from "virtua";
import { hueOf, nameOf } from "@/client";
import { useActions, useHub } from "@/app/client";
import { SidePanel } from "@/app/SidePanel";
import { PersonTrigger } from "@/features/people/PersonTrigger";
import { Avatar } from "@/ui/Avatar";
import { Icon } from "@/ui/Icon";
import { IconButton } from "@/ui/IconButton";
import { RowSkeleton } from "@/ui/Skeleton";
import { roving } from "@/ui/roving";
import { memberRows, OFFLINE, ONLINE, rangeOf, type MemberRow } from "./MembersModel";

/** Everybody in the server. Asks only for the rows in view. */
export function MembersPanel({ serverId, docked, onClose }: { serverId: string; docked: boolean; onClose: () => void }) {
  const { t } = useLingui();
  return (
    <SidePanel label={t`Members`} className="members" docked={docked} onClose={onClose}>
      <div className="side-h only-over">
        <h2><Trans>Members</Trans></h2>
        <IconButton icon={X} label={t`Close members`} keys="Esc" onClick={onClose} />
      </div>
      <List serverId={serverId} />
    </SidePanel>
  );
}

function List({ serverId }: { serverId: string }) {
  const { showMembers } = useActions();
  const server = useHub((state) => state.servers[serverId]);
  const presences = useHub((state) => state.presences);
  const rows = useMemo(() => (server ? memberRows({ servers: { [serverId]: server }, presences }, serverId) : []), [server, presences, serverId]);
  const scroller = useRef<HTMLDivElement>(null);
  const attach = useCallback((node: HTMLDivElement | null) => {
    scroller.current = node;
    return roving(node);
  }, []);
  const list = useRef<VirtualizerHandle>(null);

  const ask = () => {
    const handle = list.current;
    if (!handle) return;
    const first = handle.findItemIndex(handle.scrollOffset) - 10;
    const last = handle.findItemIndex(handle.scrollOffset + handle.viewportSize) + 10;
    const range = rangeOf(rows, first, last);
    if (range) showMembers(serverId, range[0], Math.min(range[1], range[0] + 99));
  };

  useEffect(() => showMembers(serverId, 0, 99), [serverId, showMembers]);

  if (!rows.length) return <div className="members-list"><RowSkeleton rows={8} /></div>;
  return (
    <div className="members-list" ref={attach} tabIndex={-1}>
      <Virtualizer ref={list} scrollRef={scroller} data={rows} onScrollEnd={ask}>
        {(row) => <Row key={row.key} row={row} serverId={serverId} first={row === rows.find(({ kind }) => kind === "member")} />}
      </Virtualizer>
    </div>
  );
}

function Row({ row, serverId, first }: { row: MemberRow; serverId: string; first: boolean }) {
  if (row.kind === "heading") return <Heading serverId={serverId} group={row.group} count={row.count} />;
  if (row.kind === "gap") return <RowSkeleton rows={1} />;
  return <MemberLine serverId={serverId} id={row.id} stop={first} />;
}

function Heading({ serverId, group, count }: { serverId: string; group: string; count: number | null }) {
  const { t } = useLingui();
  const role = useHub((state) => state.servers[serverId]?.roles[group]?.name);
  const words = group === ONLINE ? t`Online` : group === OFFLINE ? t`Offline` : (role ?? "");
  return <h2 className="group-h">{words} {count !== null && <span className="n">{count}</span>}</h2>;
}

function MemberLine({ serverId, id, stop }: { serverId: string; id: string; stop: boolean }) {
  const user = useHub((state) => state.users[id] ?? state.servers[serverId]?.members[id]?.user);
  const name = useHub((state) => nameOf(state, id, serverId)) ?? user?.display_name ?? "";
  const hue = useHub((state) => hueOf(state, id, serverId));
  const status = useHub((state) => state.presences[id]?.status ?? "offline");
  const said = useHub((state) => state.presences[id]?.custom_status ?? "");
  const room = useHub((state) => state.channels[state.voiceStates[id]?.channel_id ?? ""]?.name ?? null);
  return (
    <PersonTrigger serverId={serverId} userId={id}>
      <button type="button" className={`member ${status === "offline" ? "gone" : ""}`} data-roving={name} tabIndex={stop ? 0 : -1}>
        <Avatar id={id} name={name} picture={user?.avatar} bot={user?.kind === "bot"} status={status} />
        <span className="member-t">
          <span className={`name ${hue ? `hue-${hue}` : ""}`}>{name}</span>
          {room ? (
            <small className="in-room"><Icon of={Volume2} />{room}</small>
          ) : (
            said && <small>{said}</small>
          )}
          <StatusWord status={status} />
        </span>
      </button>
    </PersonTrigger>
  );
}

function StatusWord({ status }: { status: "online" | "idle" | "dnd" | "offline" }) {
  const { t } = useLingui();
  const words = { online: t`online`, idle: t`idle`, dnd: t`do not disturb`, offline: t`offline` };
  return <span className="vh">, {words[status]}</span>;
}
