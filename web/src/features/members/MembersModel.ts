import type { InstanceState } from "@/client";

export type MemberRow =
  | { kind: "heading"; key: string; group: string; count: number | null }
  | { kind: "member"; key: string; id: string; index: number }
  /** A row of the list that has not arrived yet. */
  | { kind: "gap"; key: string; index: number };

export const ONLINE = "online";
export const OFFLINE = "offline";

type State = Pick<InstanceState, "servers" | "presences">;

/** Rows of the list in the server's order (hoisted role, online, offline), with a heading where the group changes. */
export function memberRows(state: State, serverId: string): MemberRow[] {
  const server = state.servers[serverId];
  if (!server) return [];
  const rows: MemberRow[] = [];
  let group: string | null = null;
  let heading: Extract<MemberRow, { kind: "heading" }> | null = null;
  for (let index = 0; index < server.memberTotal; index++) {
    const id = server.memberRows[index];
    if (!id) {
      rows.push({ kind: "gap", key: `gap-${index}`, index });
      continue;
    }
    const next = groupOf(state, serverId, id);
    if (next !== group) {
      group = next;
      heading = { kind: "heading", key: `group-${next}`, group: next, count: 0 };
      rows.push(heading);
    }
    if (heading) heading.count = (heading.count ?? 0) + 1;
    rows.push({ kind: "member", key: id, id, index });
  }
  return withHonestCounts(rows);
}

/** A group that runs into rows not held yet has no count: better none than a wrong one. */
function withHonestCounts(rows: MemberRow[]): MemberRow[] {
  let open: Extract<MemberRow, { kind: "heading" }> | null = null;
  for (const row of rows) {
    if (row.kind === "heading") open = row;
    else if (row.kind === "gap" && open) open.count = null;
  }
  return rows;
}

/** The highest hoisted role of somebody who is here; else online; else offline. */
export function groupOf(state: State, serverId: string, userId: string): string {
  const server = state.servers[serverId];
  const status = state.presences[userId]?.status ?? "offline";
  if (status === "offline" || !server) return OFFLINE;
  const hoisted = (server.members[userId]?.roles ?? []).flatMap((id) => server.roles[id] ?? []).filter((role) => role.hoist);
  return hoisted.toSorted((a, b) => b.position - a.position)[0]?.id ?? ONLINE;
}

/** Indexes of the server's list that a stretch of rows shows; null when none. */
export function rangeOf(rows: readonly MemberRow[], first: number, last: number): [number, number] | null {
  const shown = rows.slice(Math.max(0, first), last + 1).flatMap((row) => (row.kind === "heading" ? [] : [row.index]));
  const [start] = shown;
  const end = shown.at(-1);
  return start === undefined || end === undefined ? null : [start, end];
}
