import { compareIds } from "@/client";

/** What a row of the log needs to know of a message, sent or not. */
export interface Said {
  /** The server's id, or the nonce of a message on its way. */
  id: string;
  authorId: string;
  /** Milliseconds since 1970. */
  at: number;
  isReply: boolean;
}

export type Row =
  | { kind: "day"; key: string; at: number }
  | { kind: "unread"; key: string; at: number }
  | { kind: "message"; key: string; id: string; first: boolean }
  | { kind: "gone"; key: string };

const GROUPED_WITHIN = 7 * 60_000;

interface Options {
  /** Nothing older exists: the log begins here. */
  complete: boolean;
  /** The newest message that was read when you came; the divider stands after it. */
  readUpTo: string | null;
  me: string;
  /** A message keeps its row key when the server's copy takes its place: by nonce. */
  keyOf?: (said: Said) => string;
}

/**
 * Rows from oldest to newest. Pure: the same messages always give the same keys.
 *
 * Whether a message opens a day or a group depends on the one before it. Where that one is not held yet, the oldest
 * message held only stands for it and waits with its page for the next: so nothing that is on the screen ever changes
 * its shape when older messages arrive.
 */
export function rowsOf(messages: readonly Said[], { complete, readUpTo, me, keyOf = (said) => said.id }: Options): Row[] {
  const rows: Row[] = [];
  const from = !complete && messages.length > 1 ? 1 : 0;
  const unread = dividerAt(messages, readUpTo, me);
  const divider = unread < 0 ? unread : Math.max(from, unread);
  let before = from ? messages[0] : undefined;
  messages.slice(from).forEach((said, at) => {
    const index = at + from;
    const newDay = !before || dayOf(before.at) !== dayOf(said.at);
    if (newDay) rows.push({ kind: "day", key: `day-${dayOf(said.at)}`, at: said.at });
    if (index === divider) rows.push({ kind: "unread", key: "unread", at: said.at });
    const first = newDay || index === divider || !continues(before, said);
    rows.push({ kind: "message", key: keyOf(said), id: said.id, first });
    before = said;
  });
  return rows;
}

/** So many rows that vanish at once are another stretch of the room, not deletions in this one. */
const ANOTHER_STRETCH = 50;

/**
 * `rows` with an empty row in place of each that was among `before` and is not any more. The list knows heights by index:
 * taking a row out would give every row below it the height of its neighbour for a frame. An empty row shrinks instead.
 * Nothing is kept after the last row, where nothing would move.
 */
export function keepPlaces(before: readonly Row[], rows: Row[]): Row[] {
  const here = new Set(rows.map((row) => row.key));
  const gone = before.filter((row) => !here.has(row.key));
  if (!gone.length || gone.length === before.length || gone.length > ANOTHER_STRETCH) return rows;
  /** Empty rows by the key of the row they stand before. */
  const places = new Map<string, Row[]>();
  let waiting: Row[] = [];
  for (const row of before) {
    if (!here.has(row.key)) waiting.push({ kind: "gone", key: row.key });
    else if (waiting.length) {
      places.set(row.key, waiting);
      waiting = [];
    }
  }
  return places.size ? rows.flatMap((row) => [...(places.get(row.key) ?? []), row]) : rows;
}

function continues(before: Said | undefined, said: Said): boolean {
  return before !== undefined && !said.isReply && before.authorId === said.authorId && said.at - before.at < GROUPED_WITHIN;
}

/** Index of the first unread message of somebody else, or -1. With nothing read yet, there is no "since". */
function dividerAt(messages: readonly Said[], readUpTo: string | null, me: string): number {
  if (!readUpTo) return -1;
  const index = messages.findIndex((said) => isNewer(said.id, readUpTo) && said.authorId !== me);
  return index > 0 || (index === 0 && messages.length > 0) ? index : -1;
}

/** A nonce (not a number) is newer than every id. */
export function isNewer(id: string, than: string): boolean {
  return !/^\d+$/.test(id) || compareIds(id, than) > 0;
}

function dayOf(at: number): string {
  const day = new Date(at);
  return `${day.getFullYear()}-${day.getMonth() + 1}-${day.getDate()}`;
}

/** How many came from others after the row last seen at the bottom. */
export function newCount(messages: readonly Said[], seenUpTo: string | null, me: string): number {
  if (!seenUpTo) return 0;
  return messages.filter((said) => said.authorId !== me && isNewer(said.id, seenUpTo)).length;
}
