import type { Row } from "./TimelineModel";

/** Which row was at the top of the view, and how many pixels of it were above. */
export interface Anchor {
  key: string;
  offset: number;
}

interface View {
  scrollOffset: number;
  findItemIndex(offset: number): number;
  getItemOffset(index: number): number;
}

/** `head`: pixels above the first row. */
export function anchorIn(view: View, rows: readonly Row[], head = 0): Anchor {
  const index = Math.max(0, view.findItemIndex(view.scrollOffset));
  return { key: rows[index]?.key ?? "", offset: view.scrollOffset - head - view.getItemOffset(index) };
}

/** Where a room opens: where it was left, else at the divider (`offset` null: a third from the top), else at the end. */
export function placeFor(rows: readonly Row[], anchor: Anchor | null): "end" | { index: number; offset: number | null } {
  const index = anchor ? rows.findIndex((row) => row.key === anchor.key) : -1;
  if (anchor && index >= 0) return { index, offset: anchor.offset };
  const divider = rows.findIndex((row) => row.kind === "unread");
  return divider < 0 ? "end" : { index: divider, offset: null };
}

/** Rows came in above what was there: the list must hold on to its end, not to its start. */
export function grewAtStart(before: readonly Row[], after: readonly Row[]): boolean {
  if (!before.length || after.length <= before.length) return false;
  return before.at(-1)?.key === after.at(-1)?.key && firstMessage(before) !== firstMessage(after);
}

function firstMessage(rows: readonly Row[]): string | undefined {
  return rows.find((row) => row.kind === "message")?.key;
}
