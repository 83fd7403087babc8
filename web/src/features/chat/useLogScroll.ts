import { useEffect, useEffectEvent, useLayoutEffect, useRef, useState, type RefObject } from "react";
import type { VirtualizerHandle } from "virtua";
import { useActions, useHub, useInstance } from "@/app/client";
import { liveSegment } from "@/client";
import { Hold } from "./hold";
import { drawn, inView, mark } from "./sought";
import { anchorIn, grewAtStart, placeFor, type Anchor } from "./ScrollModel";
import { newCount, type Row, type Said } from "./TimelineModel";

export interface LogData {
  rows: readonly Row[];
  said: readonly Said[];
  hasOlder: boolean;
  hasNewer: boolean;
  /** Pixels above the first row. */
  head: number;
}

/** Near enough to the end to count as being there, in pixels. */
const SLACK = 24;
/** Older history is asked for when this close to the top, newer when this close to the end of what is held. */
const AHEAD = 800;

/** Where each room was left, for this run of the page. */
const left = new Map<string, Anchor>();
/** Jumps that have arrived: a log drawn again does not repeat them. */
const reachedGoals = new WeakSet<object>();

/** Pixels below the view. */
function below(handle: VirtualizerHandle, offset = handle.scrollOffset): number {
  return handle.scrollSize - offset - handle.viewportSize;
}

/**
 * Keeps the log still: at the bottom it stays at the bottom, elsewhere the first visible row does not move.
 * `away`: how many came since you left the bottom, or null while you are there.
 */
export function useLogScroll(scroller: RefObject<HTMLElement | null>, roomId: string, { rows, said, hasOlder, hasNewer, head }: LogData) {
  const { store } = useInstance();
  const actions = useActions();
  const list = useRef<VirtualizerHandle>(null);
  const stuck = useRef(true);
  /** Where the bottom was the last time it was gone to. */
  const reached = useRef(0);
  const placed = useRef(false);
  /** Key of the row that a jump is on its way to. */
  const sought = useRef<string | null>(null);
  const goal = useHub((state) => (state.visit?.channelId === roomId ? state.visit.goal : null));
  const [seenUpTo, setSeenUpTo] = useState<string | null>(null);
  const [atBottom, setAtBottom] = useState(true);
  const [hold] = useState(() => new Hold(() => scroller.current));
  const shift = useGrewAtStart(rows);

  /** At once and only once: the list's own way to an index comes back to it for a while, whatever the person does. */
  const bottom = () => {
    const log = scroller.current;
    log?.scrollTo({ top: log.scrollHeight, behavior: "instant" });
    reached.current = log?.scrollTop ?? 0;
  };

  function noteBottom(now: boolean) {
    stuck.current = now;
    setAtBottom(now);
    const room = store.getState().rooms[roomId];
    setSeenUpTo((seen) => (now ? null : (seen ?? (room && liveSegment(room)?.ids.at(-1)) ?? null)));
    actions.reportBottom(roomId, now);
  }

  function loadMore() {
    const room = store.getState().rooms[roomId];
    const handle = list.current;
    if (!room || !handle || !placed.current || sought.current !== null || room.error) return;
    if (hasOlder && handle.scrollOffset < AHEAD && !room.loading.older) void actions.loadOlder(roomId).catch(() => undefined);
    if (hasNewer && below(handle) < AHEAD && !room.loading.newer) void actions.loadNewer(roomId).catch(() => undefined);
  }

  /** On the screen, or as near as the list's guesses allow: it comes back here after each measurement until the row is drawn. */
  function seek(key: string) {
    if (!rows.some((row) => row.key === key)) return void (sought.current = null); // deleted on the way
    hold.keep(offsetOf);
    const row = scroller.current && drawn(scroller.current, key);
    if (!row) return;
    sought.current = null;
    mark(row);
    const handle = list.current;
    if (handle) noteBottom(!hasNewer && below(handle) <= SLACK);
    loadMore();
  }

  function goTo(id: string) {
    const key = rows.find((row) => row.kind === "message" && row.id === id)?.key;
    const log = scroller.current;
    if (key === undefined || !log) return false;
    const row = drawn(log, key);
    if (row && inView(row, log)) {
      mark(row);
      return true;
    }
    stuck.current = false;
    sought.current = key;
    hold.pin(key, log.clientHeight / 3);
    seek(key);
    return true;
  }

  function onScroll(offset: number) {
    const handle = list.current;
    if (!handle || !placed.current) return;
    if (sought.current !== null) return seek(sought.current);
    const now = !hasNewer && below(handle, offset) <= SLACK;
    if (!now && stuck.current && offset >= reached.current - 1) return bottom(); // nobody scrolled up: the rows turned out taller
    if (now) reached.current = offset;
    if (now !== stuck.current) noteBottom(now);
    if (now) left.delete(roomId);
    else {
      left.set(roomId, anchorIn(handle, rows, head));
      hold.take();
    }
    loadMore();
  }

  function goToEnd() {
    sought.current = null;
    noteBottom(true);
    bottom();
    return true;
  }

  function offsetOf(key: string): number | null {
    const index = rows.findIndex((row) => row.key === key);
    return index < 0 || !list.current ? null : head + list.current.getItemOffset(index);
  }

  function onResize() {
    if (sought.current !== null) seek(sought.current);
    else if (stuck.current && placed.current) bottom();
    else hold.keep(offsetOf);
  }

  const place = useEffectEvent(() => {
    const handle = list.current;
    if (!handle || !rows.length) return;
    if (goal && !reachedGoals.has(goal) && (goal.id === "end" ? goToEnd() : goTo(goal.id))) {
      reachedGoals.add(goal);
      placed.current = true;
      return;
    }
    if (placed.current) return onResize();
    placed.current = true;
    const target = placeFor(rows, left.get(roomId) ?? null);
    if (target === "end") bottom();
    else handle.scrollToIndex(target.index, { align: "start", offset: target.offset ?? -handle.viewportSize / 3 });
    noteBottom(target === "end");
  });
  const more = useEffectEvent(loadMore);

  /** The end of what is held has become the end of the room, and it is on the screen. */
  const joined = useEffectEvent(() => {
    if (!hasNewer && placed.current && !stuck.current && sought.current === null && list.current && below(list.current) <= SLACK) noteBottom(true);
  });

  // oxlint-disable-next-line react/set-state-in-effect -- where the view is, is known only once it was put there
  useLayoutEffect(() => place(), [rows, goal]);
  useEffect(() => more(), [rows]);
  useEffect(() => joined(), [hasNewer]);

  const toBottom = () => void actions.jumpToPresent(roomId).catch(() => undefined);
  const takeHold = () => void (stuck.current || sought.current !== null || hold.take());
  const me = useHub((state) => state.me?.id ?? "");
  return { list, shift, hold: takeHold, away: atBottom ? null : newCount(said, seenUpTo, me), onScroll, onResize, toBottom };
}

/** Whether these rows are the ones before with more above them. */
function useGrewAtStart(rows: readonly Row[]): boolean {
  const [shown, show] = useState({ rows, before: rows });
  if (shown.rows === rows) return grewAtStart(shown.before, rows);
  show({ rows, before: shown.rows });
  return grewAtStart(shown.rows, rows);
}
