/**
 * What one instance looks like to the person: the shape of its store. Plain frozen data, replaced never mutated, so a
 * selector that returns a part of it is stable until that part changes.
 *
 * Invariant: old state + gateway events = the state that a fresh READY would give (reduce/ keeps it, its tests check it).
 */

import type { Channel, Id, Instance, Me, Member, Message, Presence, ReadState, Role, ServerSummary, User, VoiceState } from "./wire";

/** Where the socket is. Times are milliseconds of `Date.now()`. */
export interface Link {
  readonly phase: "idle" | "connecting" | "open" | "waiting" | "offline";
  /** When the link was lost, null while it is open or was never up. The banner shows 3 s later, not before. */
  readonly lostAt: number | null;
  /** When the next attempt starts; null unless `phase` is "waiting". */
  readonly nextAttemptAt: number | null;
  /** Attempts since the link was last up. */
  readonly attempt: number;
  /** Round trip of the last heartbeat, milliseconds. */
  readonly latency: number | null;
}

/** "unknown" only until stored tokens were looked at. `reason` says why somebody who was signed in no longer is. */
export interface Account {
  readonly phase: "unknown" | "signed-out" | "signed-in";
  readonly reason: "revoked" | "expired" | null;
}

/** A server without its rooms (those are in `channels` and `trees`). */
export interface ServerState extends ServerSummary {
  readonly me: Member;
  /** Yours, server-wide, decimal. */
  readonly permissions: string;
  readonly roles: Readonly<Record<Id, Role>>;
  /** Members seen so far, by user id; never the whole list. */
  readonly members: Readonly<Record<Id, Member>>;
  /** The sorted list as far as it was asked for: user ids by row, holes where nothing was fetched. */
  readonly memberRows: readonly (Id | undefined)[];
  readonly memberTotal: number;
}

/** A room with what hangs under it, sorted by position, then id. */
export interface ChannelNode {
  readonly id: Id;
  readonly children: readonly ChannelNode[];
}

/** A contiguous run of held messages, ids ascending. `hasOlder`/`hasNewer`: the server has (or may have) more beyond that edge. */
export interface Segment {
  readonly ids: readonly Id[];
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

export interface RoomState {
  readonly messages: Readonly<Record<Id, Message>>;
  /** Disjoint runs, oldest first. The last one with `hasNewer: false` is the live end. */
  readonly segments: readonly Segment[];
  /** Which run is on the screen: the live end, or the one holding this message. */
  readonly view: "tail" | Id;
  readonly loading: { readonly older: boolean; readonly newer: boolean; readonly view: boolean };
  /** The last load failed; cleared by the next try. `offline` needs no words: the banner says it. */
  readonly error: { readonly code: string; readonly detail: string } | null;
  /** Head of the room's stream that the held messages reflect; null: not known, so revalidate. */
  readonly head: number | null;
  /** Held messages may be old (reconnect, cache): shown, and being revalidated. */
  readonly stale: boolean;
  /** Messages made or edited since the last load began: a page fetched meanwhile may not know. */
  readonly fresh: readonly Message[];
  /** Deleted here and now: a page fetched meanwhile may still hold them. */
  readonly gone: Readonly<Record<Id, true>>;
}

/** A message of yours that the server has not confirmed. */
export interface PendingMessage {
  readonly nonce: string;
  readonly channelId: Id;
  readonly content: string;
  readonly replyTo: Id | null;
  /** ms of Date.now(). */
  readonly createdAt: number;
  /** "queued": waits for the link; "sending": on its way; "failed": the server said no, `problem` says why. */
  readonly phase: "queued" | "sending" | "failed";
  readonly problem: { readonly code: string; readonly detail: string } | null;
}

/** The room on the screen. `dividerAfter`: last message read on arrival; the divider follows it and stays for the visit. */
export interface Visit {
  readonly channelId: Id;
  readonly dividerAfter: Id | null;
  /** The newest message is on the screen (as the list reported it). */
  readonly atBottom: boolean;
  /** Where a jump leads, set once it is held: a message, or the newest. Every jump is a new object. */
  readonly goal: { readonly id: Id | "end" } | null;
}

/** What called you, over all servers of the instance. */
export interface Mentions {
  /** Newest first. Rooms that closed meanwhile are still in it: show only those that are in `channels`. */
  readonly messages: readonly Message[];
  readonly hasOlder: boolean;
}

export interface InstanceState {
  /** `https://host[:port]`. */
  readonly origin: string;
  /** What people see: `host[:port]`. */
  readonly host: string;
  readonly link: Link;
  readonly account: Account;
  readonly info: Instance | null;
  readonly me: Me | null;
  /** false while what is shown comes from this device only. */
  readonly live: boolean;
  readonly serverOrder: readonly Id[];
  readonly servers: Readonly<Record<Id, ServerState>>;
  readonly channels: Readonly<Record<Id, Channel>>;
  readonly trees: Readonly<Record<Id, readonly ChannelNode[]>>;
  readonly directOrder: readonly Id[];
  readonly users: Readonly<Record<Id, User>>;
  readonly presences: Readonly<Record<Id, Presence>>;
  /** By user: one person is in at most one voice room of an instance. */
  readonly voiceStates: Readonly<Record<Id, VoiceState>>;
  /** By voice room: who speaks right now. */
  readonly speaking: Readonly<Record<Id, readonly Id[]>>;
  /** By room, then user: when the mark expires, ms. */
  readonly typing: Readonly<Record<Id, Readonly<Record<Id, number>>>>;
  readonly readStates: Readonly<Record<Id, ReadState>>;
  /** null: never asked for on this device. */
  readonly mentions: Mentions | null;
  /** Sequence of each stream (`server:<id>`, `channel:<id>`) as far as known. */
  readonly heads: Readonly<Record<string, number>>;
  readonly rooms: Readonly<Record<Id, RoomState>>;
  /** By room, oldest first. */
  readonly outbox: Readonly<Record<Id, readonly PendingMessage[]>>;
  readonly drafts: Readonly<Record<Id, string>>;
  readonly visit: Visit | null;
  /** The window has the person's attention. */
  readonly focused: boolean;
}

export function emptyState(origin: string): InstanceState {
  return {
    origin,
    host: new URL(origin).host,
    link: { phase: "idle", lostAt: null, nextAttemptAt: null, attempt: 0, latency: null },
    account: { phase: "unknown", reason: null },
    info: null,
    me: null,
    live: false,
    serverOrder: [],
    servers: {},
    channels: {},
    trees: {},
    directOrder: [],
    users: {},
    presences: {},
    voiceStates: {},
    speaking: {},
    typing: {},
    readStates: {},
    mentions: null,
    heads: {},
    rooms: {},
    outbox: {},
    drafts: {},
    visit: null,
    focused: true,
  };
}
