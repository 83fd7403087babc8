/**
 * Brings rooms' histories into the store: the end, older, newer, around a message; and makes held windows right again
 * after the link was lost (`revalidate`), edits and deletes included, without moving what is on the screen.
 */

import type { StoreApi } from "zustand/vanilla";

import { describeFailure } from "../errors";
import { before, compareIds } from "../ids";
import { applyPage, cutBack, emptyRoom, type PageQuery, replaceRuns } from "../reduce/windows";
import { liveSegment, shownSegment } from "../selectors";
import type { InstanceState, RoomState } from "../state";
import type { Id, Message } from "../wire";

export interface History {
  page(channelId: Id, query: PageQuery, limit: number): Promise<readonly Message[]>;
}

export interface RoomCache {
  load(channelId: Id): Promise<RoomState | null>;
}

const pageSize = 50;
/** Pages of 100 that a revalidation asks for before it lets the oldest part of a long window go. */
const revalidatePages = 4;
/** What stays of a room that left the screen. */
const kept = 50;

export class RoomLoader {
  #store: StoreApi<InstanceState>;
  #history: History;
  #cache: RoomCache;
  #busy = new Map<string, Promise<void>>();

  constructor(store: StoreApi<InstanceState>, history: History, cache: RoomCache) {
    this.#store = store;
    this.#history = history;
    this.#cache = cache;
  }

  open(channelId: Id): void {
    const { visit, readStates } = this.#store.getState();
    if (visit?.channelId !== channelId) {
      const dividerAfter = readStates[channelId]?.last_message_id ?? null;
      this.#store.setState({ visit: { channelId, dividerAfter, atBottom: false, goal: null } });
    }
    void this.#fill(channelId);
  }

  leave(channelId: Id): void {
    const { visit } = this.#store.getState();
    if (visit?.channelId === channelId) this.#store.setState({ visit: null });
    this.#change(channelId, (room) => cutBack(room, kept));
  }

  /** The link is up with a new session: what is on the screen is made right now, other rooms when they are opened. */
  refresh(): void {
    const { visit } = this.#store.getState();
    if (visit) void this.#fill(visit.channelId);
  }

  older(channelId: Id): Promise<void> {
    const first = this.#shown(channelId)?.ids[0];
    if (first === undefined || !this.#shown(channelId)?.hasOlder) return Promise.resolve();
    return this.#once(channelId, "older", () => this.#page(channelId, { kind: "before", id: first }));
  }

  newer(channelId: Id): Promise<void> {
    const last = this.#shown(channelId)?.ids.at(-1);
    if (last === undefined || !this.#shown(channelId)?.hasNewer) return Promise.resolve();
    return this.#once(channelId, "newer", () => this.#page(channelId, { kind: "after", id: last }));
  }

  async jump(channelId: Id, messageId: Id): Promise<void> {
    await this.#fill(channelId);
    await this.#busy.get(`${channelId} view`); // another jump
    if (!isReadable(this.#room(channelId), messageId)) await this.#once(channelId, "view", () => this.#page(channelId, { kind: "around", id: messageId }));
    const room = this.#room(channelId);
    if (room?.messages[messageId]) this.#look(channelId, liveSegment(room)?.ids.includes(messageId) ? "tail" : messageId, messageId);
  }

  async present(channelId: Id): Promise<void> {
    await this.#busy.get(`${channelId} view`); // a jump into the past
    const room = this.#room(channelId);
    if (!room || !liveSegment(room)) await this.#once(channelId, "view", () => this.#page(channelId, { kind: "tail" }));
    const now = this.#room(channelId);
    if (now && liveSegment(now)) this.#look(channelId, "tail", "end");
  }

  /** The run and the place in it in one step: no frame shows one without the other. */
  #look(channelId: Id, view: RoomState["view"], goal: Id | "end"): void {
    this.#store.setState(({ rooms, visit }) => {
      const room = rooms[channelId];
      if (!room) return { rooms };
      return { rooms: { ...rooms, [channelId]: { ...room, view } }, visit: visit?.channelId === channelId ? { ...visit, goal: { id: goal } } : visit };
    });
  }

  /** What is held on this device first, then what the instance says. */
  async #fill(channelId: Id): Promise<void> {
    if (!this.#room(channelId)) await this.#recall(channelId);
    if (!this.#store.getState().live) return;
    const room = this.#room(channelId);
    const shown = shownSegment(room);
    if (room && shown && !room.stale) return;
    await this.#once(channelId, "view", () => (shown ? this.#revalidate(channelId) : this.#page(channelId, { kind: "tail" })));
  }

  async #recall(channelId: Id): Promise<void> {
    const cached = await this.#cache.load(channelId).catch(() => null);
    const { rooms, live, heads } = this.#store.getState();
    if (rooms[channelId]) return;
    const room = cached ?? emptyRoom();
    const current = live && room.head !== null && room.head === (heads[`channel:${channelId}`] ?? 0);
    this.#store.setState({ rooms: { ...rooms, [channelId]: { ...room, stale: !current } } });
  }

  async #page(channelId: Id, query: PageQuery): Promise<void> {
    // What another load on its way may lack stays remembered for it.
    this.#change(channelId, (room) => (loads(room) > 1 ? room : { ...room, fresh: [] }));
    const messages = await this.#history.page(channelId, query, pageSize);
    this.#change(channelId, (room) => this.#trusted(channelId, applyPage(room, { query, limit: pageSize, messages }), room.segments.length === 0));
  }

  /** Reads the stretch on the screen again, newest first at the live end, oldest first elsewhere. */
  async #revalidate(channelId: Id): Promise<void> {
    const shown = this.#shown(channelId);
    const first = shown?.ids[0];
    this.#change(channelId, (room) => ({ ...room, fresh: [] }));
    if (shown && first !== undefined && shown.hasNewer) await this.#rereadMiddle(channelId, first, shown.ids.at(-1) ?? first);
    else await this.#rereadEnd(channelId, first ?? null);
  }

  async #rereadEnd(channelId: Id, first: Id | null): Promise<void> {
    const read: Message[] = [];
    let full = true;
    for (let page = 0; page < revalidatePages && full; page++) {
      const oldest = read.at(-1)?.id;
      if (oldest !== undefined && (first === null || compareIds(oldest, first) <= 0)) break;
      const part = await this.#history.page(channelId, oldest === undefined ? { kind: "tail" } : { kind: "before", id: oldest }, 100);
      read.push(...part.toSorted((a, b) => compareIds(b.id, a.id)));
      full = part.length === 100;
    }
    this.#change(channelId, (room) => this.#trusted(channelId, replaceRuns(room, read, { hasOlder: full, hasNewer: false }), true));
  }

  async #rereadMiddle(channelId: Id, first: Id, last: Id): Promise<void> {
    const read: Message[] = [];
    let full = true;
    for (let page = 0; page < revalidatePages && full; page++) {
      const newest = read.at(-1)?.id ?? before(first);
      if (compareIds(newest, last) >= 0) break;
      const part = await this.#history.page(channelId, { kind: "after", id: newest }, 100);
      read.push(...part.toSorted((a, b) => compareIds(a.id, b.id)));
      full = part.length === 100;
    }
    this.#change(channelId, (room) => this.#trusted(channelId, replaceRuns(room, read, { hasOlder: true, hasNewer: full }), true));
  }

  /** Everything held was read since the link is up: it reflects the head as events have moved it. */
  #trusted(channelId: Id, room: RoomState, whole: boolean): RoomState {
    if (!whole || !this.#store.getState().live) return room;
    return { ...room, stale: false, head: this.#store.getState().heads[`channel:${channelId}`] ?? 0 };
  }

  /** One load of a kind per room at a time; a failure stands in the room and is thrown to whoever asked. */
  #once(channelId: Id, kind: keyof RoomState["loading"], body: () => Promise<void>): Promise<void> {
    const key = `${channelId} ${kind}`;
    const running = this.#busy.get(key);
    if (running) return running;
    this.#change(channelId, (room) => ({ ...room, error: null, loading: { ...room.loading, [kind]: true } }));
    const run = body()
      .catch((error: unknown) => this.#change(channelId, (room) => ({ ...room, error: describeFailure(error) })))
      .finally(() => {
        this.#busy.delete(key);
        this.#change(channelId, (room) => ({ ...room, loading: { ...room.loading, [kind]: false } }));
      });
    this.#busy.set(key, run);
    return run;
  }

  #room(channelId: Id): RoomState | undefined {
    return this.#store.getState().rooms[channelId];
  }

  #shown(channelId: Id): ReturnType<typeof shownSegment> {
    return shownSegment(this.#room(channelId));
  }

  #change(channelId: Id, change: (room: RoomState) => RoomState): void {
    this.#store.setState(({ rooms }) => {
      const room = rooms[channelId];
      return room ? { rooms: { ...rooms, [channelId]: change(room) } } : { rooms };
    });
  }
}

/** Whether this message can be drawn: the oldest one held waits for what is before it. */
function isReadable(room: RoomState | undefined, id: Id): boolean {
  const run = room?.segments.find(({ ids }) => ids.includes(id));
  return run !== undefined && !(run.hasOlder && run.ids[0] === id);
}

function loads({ loading }: RoomState): number {
  return Number(loading.older) + Number(loading.newer) + Number(loading.view);
}
