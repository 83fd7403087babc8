/** Snowflakes as decimal text: ordering without losing the digits that a double cannot hold, and the time inside them. */

import type { Id } from "./wire";

/** Start of the ids' clock, milliseconds of the Unix epoch. */
const epoch = 1_420_070_400_000;

/** Negative, zero or positive like any comparator. Ids carry no leading zeros, so a longer one is a larger one. */
export function compareIds(a: Id, b: Id): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

export function maxId(a: Id | null, b: Id | null): Id | null {
  if (a === null || b === null) return a ?? b;
  return compareIds(a, b) >= 0 ? a : b;
}

/** The id just before, for `after=` queries that must include `id` itself. */
export function before(id: Id): Id {
  return (BigInt(id) - 1n).toString();
}

/** Milliseconds of the Unix epoch. */
export function idTime(id: Id): number {
  return Number(BigInt(id) >> 22n) + epoch;
}

/** Index of `id` in an ascending list, or of the first larger one when it is not there. */
export function idIndex(ids: readonly Id[], id: Id): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareIds(ids[middle] ?? "", id) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
