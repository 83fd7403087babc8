import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";
import type { VirtualizerHandle } from "virtua";
import { useActions, useInstance } from "@/app/client";
import { Hold } from "./hold";
import { anchorIn, grewAtStart, placeFor, type Anchor } from "./ScrollModel";
import { newCount, type Row, type Said } from "./TimelineModel";

export type LogRowData = Row | { kind: "older"; key: string };

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
export function useLogScroll(scroller: RefObject<HTMLElement | null>, roomId: string, rows: readonly LogRowData[], said: readonly Said[]) {
  const { store } = useInstance();
  const actions = useActions();
  const list = useRef<VirtualizerHandle>(null);
  const before = useRef<readonly LogRowData[]>([]);
  const stuck = useRef(true);
  const placed = useRef(false);
  const current = useRef({ rows, said });
  const [seenUpTo, setSeenUpTo] = useState<string | null>(null);
  const [atBottom, setAtBottom] = useState(true);
  current.current = { rows, said };
  const shift = grewAtStart(before.current, rows);
  const [hold] = useState(() => new Hold(() => scroller.current));
  if (shift && !stuck.current) hold.take();

  const bottom = useCallback(() => list.current?.scrollToIndex(current.current.rows.length - 1, { align: "end" }), []);

  const noteBottom = useCallback(
    (now: boolean) => {
      stuck.current = now;
      setAtBottom(now);
      if (!now) setSeenUpTo((seen) => seen ?? current.current.said.findLast(({ id }) => /^\d+$/.test(id))?.id ?? null);
      else setSeenUpTo(null);
      actions.reportBottom(roomId, now);
    },
    [actions, roomId],
  );

  const loadMore = useCallback(() => {
    const room = store.getState().rooms[roomId];
    if (!room || !list.current || !placed.current) return;
    if (list.current.scrollOffset < AHEAD && current.current.rows[0]?.kind === "older" && !room.loading.older && !room.error) void actions.loadOlder(roomId).catch(() => undefined);
  }, [actions, roomId, store]);

  const onScroll = useCallback(
    (offset: number) => {
      const handle = list.current;
      if (!handle || !placed.current) return;
      const now = offset + handle.viewportSize >= handle.scrollSize - SLACK;
      if (now !== stuck.current) noteBottom(now);
      if (now) left.delete(roomId);
      else left.set(roomId, anchorIn(handle, current.current.rows));
      loadMore();
    },
    [loadMore, noteBottom, roomId],
  );

  const onResize = useCallback(() => {
    if (stuck.current && placed.current) bottom();
    else hold.keep();
  }, [bottom, hold]);

  useEffect(() => {
    const log = scroller.current;
    const own = ["wheel", "touchmove", "keydown", "pointerdown"];
    for (const name of own) log?.addEventListener(name, hold.release, { passive: true });
    return () => {
      for (const name of own) log?.removeEventListener(name, hold.release);
      hold.release();
    };
  }, [hold, scroller]);

  useLayoutEffect(() => {
    before.current = rows;
    const handle = list.current;
    if (!handle || !rows.length) return;
    if (!placed.current) {
      placed.current = true;
      const place = placeFor(rows, left.get(roomId) ?? null);
      stuck.current = place === "end";
      if (place === "end") bottom();
      else handle.scrollToIndex(place.index, { align: "start", offset: place.offset ?? -handle.viewportSize / 3 });
      noteBottom(stuck.current);
    } else if (stuck.current) bottom();
    else hold.keep();
  }, [rows, roomId, bottom, noteBottom, hold]);

  useEffect(loadMore, [rows, loadMore]);

  const toBottom = useCallback(() => {
    void actions.jumpToPresent(roomId).catch(() => undefined);
    stuck.current = true;
    bottom();
  }, [actions, bottom, roomId]);

  const me = store.getState().me?.id ?? "";
  return { list, shift, away: atBottom ? null : newCount(said, seenUpTo, me), onScroll, onResize, toBottom };
}
