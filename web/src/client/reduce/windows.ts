/**
 * What is held of a room's history: runs of messages without holes (`Segment`), joined as pages arrive.
 *
 * Invariants, checked by windows.test.ts against a model of the server's list:
 *  - ids within a run are ascending, runs are disjoint and ascending;
 *  - a run holds every message of the server between its first and last id, as of the last load and the events since;
 *  - `messages` holds exactly the messages of the runs.
 */

import { compareIds, idIndex } from "../ids";
import type { RoomState, Segment } from "../state";
import type { Id, Message } from "../wire";
import { byKey } from "./records";

export type PageQuery = { kind: "tail" } | { kind: "before" | "after" | "around"; id: Id };

export interface Page {
  readonly query: PageQuery;
  readonly limit: number;
  /** Any order. */
  readonly messages: readonly Message[];
}

const idle = { older: false, newer: false, view: false } as const;

export function emptyRoom(): RoomState {
  return { messages: {}, segments: [], view: "tail", loading: idle, error: null, head: null, stale: true, fresh: [], gone: {} };
}

/** A message that arrived live. Without the live end in hand it is only remembered for a page on its way. */
export function appendLive(room: RoomState, message: Message): RoomState {
  const fresh = noted(room, message);
  const live = room.segments.at(-1);
  if (!live || live.hasNewer) return { ...room, fresh };
  const last = live.ids.at(-1);
  const messages = { ...room.messages, [message.id]: message };
  if (last === message.id) return { ...room, messages, fresh };
  const ids = last === undefined || compareIds(message.id, last) > 0 ? [...live.ids, message.id] : inserted(live.ids, message.id);
  return { ...room, messages, fresh, segments: [...room.segments.slice(0, -1), { ...live, ids }] };
}

/** A changed message; replies that quote it follow. */
export function replaceMessage(room: RoomState, message: Message): RoomState {
  const held = room.messages[message.id];
  const quoting = quotes(room, message.id, message.content);
  const fresh = noted(room, message);
  return { ...room, fresh, messages: held ? { ...quoting, [message.id]: message } : quoting };
}

export function removeMessage(room: RoomState, id: Id): RoomState {
  const gone = { ...room.gone, [id]: true as const };
  const { [id]: held, ...rest } = quotes(room, id, null);
  if (!held) return { ...room, gone, messages: rest };
  const segments = room.segments.map((segment) => (segment.ids.includes(id) ? { ...segment, ids: segment.ids.filter((other) => other !== id) } : segment));
  return { ...room, gone, messages: rest, segments: settle(segments), view: room.view === id ? nearest(room, id) : room.view };
}

/** Joins a page to what is held. Within the stretch that the page covers, the page is right and what it lacks is gone. */
export function applyPage(room: RoomState, page: Page): RoomState {
  const listed = page.messages.filter(({ id }) => !room.gone[id]).toSorted((a, b) => compareIds(a.id, b.id));
  const edges = edgesOf(page);
  const span = spanOf(listed, page.query, edges);
  const anchor = page.query.kind === "before" || page.query.kind === "after" ? page.query.id : null;
  const given = listed.map(({ id }) => id).concat(anchor !== null && room.messages[anchor] ? [anchor] : []);
  const late = arrivedSince(room);
  const stays = (id: Id) => given.includes(id) || !within(span, id) || late.includes(id);
  const run: Segment = { ids: union(given, late.filter((id) => within(span, id))), ...edges };
  const others = room.segments.map((segment) => ({ ...segment, ids: segment.ids.filter(stays) })).filter((segment) => segment.ids.length > 0);
  return withRuns(room, join(run, others, span), listed);
}

/** After a revalidation: only this run is known to be right, everything else is let go. */
export function replaceRuns(room: RoomState, messages: readonly Message[], edges: Pick<Segment, "hasOlder" | "hasNewer">): RoomState {
  const listed = messages.filter(({ id }) => !room.gone[id]).toSorted((a, b) => compareIds(a.id, b.id));
  const last = listed.at(-1)?.id ?? "0";
  const late = edges.hasNewer ? [] : arrivedSince(room).filter((id) => compareIds(id, last) > 0);
  return withRuns(room, [{ ids: union(listed.map(({ id }) => id), late), ...edges }], listed);
}

/** Only the newest `count` messages stay, for a room that left the screen. */
export function cutBack(room: RoomState, count: number): RoomState {
  const live = room.segments.at(-1);
  if (room.view === "tail" && room.segments.length <= 1 && (live?.ids.length ?? 0) <= count) return room;
  const ids = live && !live.hasNewer ? live.ids.slice(-count) : [];
  const segments = live && ids.length > 0 ? [{ ids, hasOlder: live.hasOlder || ids.length < live.ids.length, hasNewer: false }] : [];
  return withRuns({ ...room, view: "tail" }, segments, []);
}

// ---- below: how runs are joined ------------------------------------------------------------------------------------

/** Inclusive stretch of ids; null is open. */
interface Span {
  low: Id | null;
  high: Id | null;
}

function noted(room: RoomState, message: Message): RoomState["fresh"] {
  return [...room.fresh.filter(({ id }) => id !== message.id), message].slice(-200);
}

/** Live messages that a page on its way may lack. */
function arrivedSince(room: RoomState): readonly Id[] {
  return room.fresh.flatMap(({ id }) => (room.gone[id] ? [] : [id]));
}

/** Whether the server has more beyond either edge, told from how full the page is. */
function edgesOf({ query, limit, messages }: Page): Pick<Segment, "hasOlder" | "hasNewer"> {
  const full = messages.length >= limit;
  if (query.kind === "tail") return { hasOlder: full, hasNewer: false };
  if (query.kind === "before") return { hasOlder: full, hasNewer: true };
  if (query.kind === "after") return { hasOlder: true, hasNewer: full };
  const half = Math.floor((limit - 1) / 2);
  const older = messages.filter(({ id }) => compareIds(id, query.id) < 0).length;
  const newer = messages.filter(({ id }) => compareIds(id, query.id) > 0).length;
  return { hasOlder: older >= half, hasNewer: newer >= half };
}

function spanOf(listed: readonly Message[], query: PageQuery, edges: Pick<Segment, "hasOlder" | "hasNewer">): Span {
  const low = query.kind === "after" ? query.id : edges.hasOlder ? (listed[0]?.id ?? null) : null;
  const high = query.kind === "before" ? query.id : edges.hasNewer ? (listed.at(-1)?.id ?? null) : null;
  return { low, high };
}

function within({ low, high }: Span, id: Id): boolean {
  return (low === null || compareIds(id, low) >= 0) && (high === null || compareIds(id, high) <= 0);
}

/** Runs that touch the stretch become one; an edge's flag is that of whichever run reaches furthest. */
function join(run: Segment, others: readonly Segment[], span: Span): Segment[] {
  const apart: Segment[] = [];
  let joined = run;
  for (const other of others) {
    const touches = other.ids.some((id) => within(span, id)) || joined.ids.some((id) => other.ids.includes(id));
    if (!touches) apart.push(other);
    else joined = merge(joined, other, span);
  }
  return settle([...apart, joined]);
}

/** The span's own edge is right inside it; what reaches beyond it brings its own. Where both end at one id, either may know that it is the last. */
function merge(run: Segment, other: Segment, { low, high }: Span): Segment {
  const first = other.ids[0] ?? "";
  const last = other.ids.at(-1) ?? "";
  const below = low === null ? 1 : compareIds(first, low);
  const above = high === null ? -1 : compareIds(last, high);
  return {
    ids: union(run.ids, other.ids),
    hasOlder: below < 0 ? other.hasOlder : run.hasOlder && (below > 0 || other.hasOlder),
    hasNewer: above > 0 ? other.hasNewer : run.hasNewer && (above < 0 || other.hasNewer),
  };
}

function settle(segments: readonly Segment[]): Segment[] {
  return segments
    .filter(({ ids, hasNewer, hasOlder }) => ids.length > 0 || (!hasNewer && !hasOlder))
    .toSorted((a, b) => compareIds(a.ids[0] ?? "0", b.ids[0] ?? "0"));
}

function withRuns(room: RoomState, segments: Segment[], listed: readonly Message[]): RoomState {
  const pool: Record<Id, Message> = { ...byKey(room.fresh, ({ id }) => id), ...room.messages };
  for (const message of listed) pool[message.id] = latest(pool[message.id], message);
  const messages = Object.fromEntries(segments.flatMap(({ ids }) => ids.flatMap((id) => (pool[id] ? [[id, pool[id]] as const] : []))));
  const view = room.view === "tail" || messages[room.view] ? room.view : "tail";
  return { ...room, messages, segments, view };
}

/** A page may have been read before an edit whose event came first. */
function latest(held: Message | undefined, page: Message): Message {
  if (held?.edited_timestamp && Date.parse(held.edited_timestamp) > Date.parse(page.edited_timestamp ?? page.timestamp)) return held;
  return page;
}

function union(a: readonly Id[], b: readonly Id[]): Id[] {
  return [...new Set([...a, ...b])].toSorted(compareIds);
}

function inserted(ids: readonly Id[], id: Id): readonly Id[] {
  const at = idIndex(ids, id);
  return ids[at] === id ? ids : ids.toSpliced(at, 0, id);
}

function quotes(room: RoomState, id: Id, content: string | null): Record<Id, Message> {
  let messages = room.messages as Record<Id, Message>;
  for (const message of Object.values(room.messages)) {
    const quoted = message.referenced_message;
    if (quoted?.id !== id || quoted.content === content) continue;
    if (messages === room.messages) messages = { ...room.messages };
    messages[message.id] = { ...message, referenced_message: { ...quoted, content } };
  }
  return messages;
}

/** Where to look when the message in view is deleted: its neighbour in the run. */
function nearest(room: RoomState, id: Id): RoomState["view"] {
  const ids = room.segments.find((segment) => segment.ids.includes(id))?.ids ?? [];
  const at = ids.indexOf(id);
  return ids[at + 1] ?? ids[at - 1] ?? "tail";
}
