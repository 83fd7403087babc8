import { isUnread, mentionCount, nameOf, rosterOf, roomsOf, type InstanceState } from "@/client";

interface Found {
  /** Unique over all instances. */
  key: string;
  name: string;
  /** Where it is: a server, a room, a host. */
  where: string;
}
export interface RoomEntry extends Found {
  kind: "room";
  origin: string;
  serverId: string;
  roomId: string;
  voice: boolean;
  mentions: number;
  unread: boolean;
  people: readonly string[];
}
export interface ServerEntry extends Found {
  kind: "server";
  origin: string;
  serverId: string;
}
export interface PersonEntry extends Found {
  kind: "person";
  origin: string;
  serverId: string;
  userId: string;
  /** The voice room they are in. */
  roomId: string | null;
}
export interface ActionEntry extends Found {
  kind: "action";
  id: string;
}
export type Entry = RoomEntry | ServerEntry | PersonEntry | ActionEntry;

interface Indexed {
  entry: Entry;
  name: string;
  /** Name and place together: every word asked for must be somewhere in it. */
  all: string;
}
export type Index = readonly Indexed[];

export interface Hit {
  entry: Entry;
  /** What of the name was asked for, to be marked: from, to. */
  marked: readonly [number, number] | null;
}

const MOST = 40;

/** Everything one can go to, folded for comparing. Built when the switcher opens; the state itself is the source. */
export function indexOf(states: readonly InstanceState[], actions: readonly ActionEntry[]): Index {
  const entries: Entry[] = [...states.flatMap(placesOf), ...states.flatMap(peopleOf), ...actions];
  const places = new Map<string, string>(); // thousands of rooms and people, few places
  const folded = (where: string) => places.get(where) ?? places.set(where, fold(where)).get(where);
  return entries.map((entry) => {
    const name = fold(entry.name);
    return { entry, name, all: `${name} ${folded(entry.where)}` };
  });
}

function placesOf(state: InstanceState): Entry[] {
  const { origin } = state;
  return state.serverOrder.flatMap((serverId) => {
    const server = state.servers[serverId];
    if (!server) return [];
    const rooms = roomsOf(state, serverId).flatMap((roomId): RoomEntry[] => {
      const room = state.channels[roomId];
      if (!room || room.type === "category") return [];
      const people = rosterOf(state, roomId).map(({ user_id }) => user_id);
      return [{ kind: "room", key: `${origin} ${roomId}`, name: room.name, where: server.name, origin, serverId, roomId, voice: room.type === "voice", mentions: mentionCount(state, roomId), unread: isUnread(state, roomId), people }];
    });
    return [{ kind: "server", key: `${origin} ${serverId}`, name: server.name, where: state.host, origin, serverId }, ...rooms];
  });
}

/** People met so far, each once per instance, on the first server where they are known. */
function peopleOf(state: InstanceState): PersonEntry[] {
  const met = new Map<string, PersonEntry>();
  for (const serverId of state.serverOrder) {
    const server = state.servers[serverId];
    for (const userId of Object.keys(server?.members ?? {})) {
      if (userId === state.me?.id || met.has(userId)) continue;
      const name = nameOf(state, userId, serverId) ?? server?.members[userId]?.user.display_name;
      if (!server || !name) continue;
      const voice = state.voiceStates[userId];
      const room = voice?.channel_id ? state.channels[voice.channel_id] : undefined;
      met.set(userId, { kind: "person", key: `${state.origin} ${userId}`, name, where: room?.name ?? server.name, origin: state.origin, serverId: room?.server_id ?? serverId, userId, roomId: room?.id ?? null });
    }
  }
  return [...met.values()];
}

const KINDS: Record<string, readonly Entry["kind"][]> = { "#": ["room"], "@": ["person"], ">": ["action"] };

/**
 * The best entries for what was typed; `#`, `@` and `>` in front choose a kind. With nothing typed: where one was last,
 * then what calls, what is new, what is lit. `recent`: keys, newest first.
 */
export function search(index: Index, typed: string, recent: readonly string[]): Hit[] {
  const kinds = KINDS[typed.charAt(0)];
  const words = fold(kinds ? typed.slice(1) : typed).split(" ").filter(Boolean);
  const lately = new Map(recent.map((key, at) => [key, recent.length - at]));
  const best: Ranked[] = [];
  for (const item of index) {
    if (kinds && !kinds.includes(item.entry.kind)) continue;
    const rank = words.length ? rankOf(item, words, lately.get(item.entry.key) ?? 0) : atRest(item.entry, lately.get(item.entry.key), kinds !== undefined);
    if (rank > 0) enter(best, { item, rank });
  }
  return best.map(({ item }) => ({ entry: item.entry, marked: markedIn(item, words) }));
}

interface Ranked {
  item: Indexed;
  rank: number;
}

/** Keeps the best, in order: of thousands that match, sorting all would cost a frame. */
function enter(best: Ranked[], found: Ranked): void {
  const last = best[MOST - 1];
  if (last && !before(found, last)) return;
  let at = best.length;
  for (let above = best[at - 1]; above && before(found, above); above = best[at - 1]) at--;
  best.splice(at, 0, found);
  if (best.length > MOST) best.pop();
}

function before(a: Ranked, b: Ranked): boolean {
  if (a.rank !== b.rank) return a.rank > b.rank;
  if (a.item.name.length !== b.item.name.length) return a.item.name.length < b.item.name.length;
  return a.item.name < b.item.name;
}

/** Beginnings beat middles; among equals what one went to lately, then what calls. 0: does not match. */
function rankOf({ name, all, entry }: Indexed, words: readonly string[], lately: number): number {
  let rank = 0;
  for (const word of words) {
    const at = name.indexOf(word);
    if (at === 0) rank += 40;
    else if (at > 0) rank += startsWord(name, at) ? 30 : 20;
    else if (all.includes(word)) rank += 5;
    else return 0;
  }
  return rank * 1000 + Math.min(lately, 9) * 100 + callOf(entry) + (entry.kind === "action" ? 0 : 10);
}

function atRest(entry: Entry, lately: number | undefined, chosen: boolean): number {
  if (lately !== undefined) return 100_000 + lately;
  return callOf(entry) || (chosen || entry.kind === "server" ? 1 : 0);
}

function callOf(entry: Entry): number {
  if (entry.kind !== "room") return 0;
  return (entry.mentions > 0 ? 60 : 0) + (entry.unread ? 20 : 0) + Math.min(entry.people.length, 9);
}

function startsWord(name: string, at: number): boolean {
  return !/[\p{L}\p{N}]/u.test(name.charAt(at - 1));
}

/** Only where folding kept every letter in its place. */
function markedIn({ entry, name }: Indexed, words: readonly string[]): Hit["marked"] {
  if (name.length !== entry.name.length) return null;
  const word = words.find((each) => name.includes(each));
  const from = word === undefined ? -1 : name.indexOf(word);
  return word === undefined || from < 0 ? null : [from, from + word.length];
}

/** Small letters without their marks, so that "cafe" finds "Café". */
function fold(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text.toLowerCase();
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
