import { useEffect, useEffectEvent, useLayoutEffect, useRef, useState, type RefObject } from "react";
import type { VirtualizerHandle } from "virtua";
import { useActions, useHub, useInstance } from "@/app/client";
import { Hold } from "./hold";
import { anchorIn, grewAtStart, placeFor, type Anchor } from "./ScrollModel";
import { newCount, type Row, type Said } from "./TimelineModel";

export interface LogData {
  rows: readonly Row[];
  said: readonly Said[];
  hasOlder: boolean;
  /** Pixels above the first row. */
  head: number;
}

/** Near enough to the end to count as being there, in pixels. */
const SLACK = 24;
/** Older history is asked for when this close to the top. */
const AHEAD = 800;

/** Where each room was left, for this run of the page. */
const left = new Map<string, Anchor>();

/**
 * Keeps the log still: at the bottom it stays at the bottom, elsewhere the first visible row does not move.
 * `away`: how many came since you left the bottom, or null while you are there.
 */
export function useLogScroll(scroller: RefObject<HTMLElement | null>, roomId: string, { rows, said, hasOlder, head }: LogData) {
  const { store } = useInstance();
  const actions = useActions();
  const list = useRef<VirtualizerHandle>(null);
  const stuck = useRef(true);
  /** Where the bottom was the last time it was gone to. */
  const reached = useRef(0);
  const placed = useRef(false);
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
    setSeenUpTo((seen) => (now ? null : (seen ?? said.findLast(({ id }) => /^\d+$/.test(id))?.id ?? null)));
    actions.reportBottom(roomId, now);
  }

  function loadMore() {
    const room = store.getState().rooms[roomId];
    if (!room || !list.current || !placed.current || !hasOlder) return;
    if (list.current.scrollOffset < AHEAD && !room.loading.older && !room.error) void actions.loadOlder(roomId).catch(() => undefined);
  }

  function onScroll(offset: number) {
    const handle = list.current;
    if (!handle || !placed.current) return;
    const now = offset + handle.viewportSize >= handle.scrollSize - SLACK;
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

  function offsetOf(key: string): number | null {
    const index = rows.findIndex((row) => row.key === key);
    return index < 0 || !list.current ? null : head + list.current.getItemOffset(index);
  }

  function onResize() {
    if (stuck.current && placed.current) bottom();
    else hold.keep(offsetOf);
  }

  const place = useEffectEvent(() => {
    const handle = list.current;
    if (!handle || !rows.length) return;
    if (placed.current) return onResize();
    placed.current = true;
    const target = placeFor(rows, left.get(roomId) ?? null);
    if (target === "end") bottom();
    else handle.scrollToIndex(target.index, { align: "start", offset: target.offset ?? -handle.viewportSize / 3 });
    noteBottom(target === "end");
  });
  const more = useEffectEvent(loadMore);

  useLayoutEffect(() => place(), [rows]);
  useEffect(() => more(), [rows]);

  function toBottom() {
    void actions.jumpToPresent(roomId).catch(() => undefined);
    stuck.current = true;
    bottom();
  }

  const takeHold = () => void (stuck.current || hold.take());
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
