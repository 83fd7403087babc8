/**
 * What a reload paints before any answer: servers and rooms, read marks, and the newest messages of rooms seen before.
 * Written a moment after changes, per instance and person; gone with the log-out.
 */

import type { StoreApi } from "zustand/vanilla";

import { byKey } from "../reduce/records";
import { treeOf } from "../reduce/tree";
import { emptyRoom } from "../reduce/windows";
import { liveSegment } from "../selectors";
import type { InstanceState, RoomState } from "../state";
import type { Id, Message } from "../wire";
import type { Vault } from "./indexed";

/** Messages kept per room. */
const newest = 50;
/** Milliseconds that a change waits for the next one. */
const gather = 1_000;
/** Of what is stored; another one is not read. */
const version = 1;

type Places = Pick<InstanceState, "me" | "info" | "serverOrder" | "servers" | "channels" | "directOrder" | "readStates" | "users" | "mentions">;

interface StoredRoom {
  readonly version: number;
  readonly messages: readonly Message[];
  readonly hasOlder: boolean;
  readonly head: number;
}

export class CacheKeeper {
  #store: StoreApi<InstanceState>;
  #vault: Vault;
  #later: (milliseconds: number, body: () => void) => void;
  #prefix: string | null = null;
  #dirty = new Set<Id>();
  #written = new Map<Id, RoomState>();
  #places: Places | null = null;
  #planned = false;
  #unsubscribe: () => void;

  constructor(store: StoreApi<InstanceState>, vault: Vault, later: (milliseconds: number, body: () => void) => void) {
    this.#store = store;
    this.#vault = vault;
    this.#later = later;
    this.#unsubscribe = store.subscribe((state, previous) => this.#changed(state, previous));
  }

  /** Paints what is stored for this person; nothing when something newer is there already. */
  async restore(userId: Id): Promise<void> {
    this.#prefix = `${this.#store.getState().origin}|${userId}|`;
    const stored = await this.#vault.get<Places & { version: number }>(`${this.#prefix}places`);
    if (!stored || stored.version !== version || this.#store.getState().live) return;
    const { version: _, ...held } = stored;
    const places = { ...held, mentions: held.mentions ?? null }; // an older client did not keep them
    const groups = Map.groupBy(Object.values(places.channels), (channel) => channel.server_id);
    const trees = Object.fromEntries(places.serverOrder.map((id) => [id, treeOf(groups.get(id) ?? [])]));
    this.#store.setState({ ...places, trees });
  }

  async loadRoom(channelId: Id): Promise<RoomState | null> {
    if (this.#prefix === null) return null;
    const stored = await this.#vault.get<StoredRoom>(`${this.#prefix}room|${channelId}`);
    if (!stored || stored.version !== version) return null;
    const segment = { ids: stored.messages.map(({ id }) => id), hasOlder: stored.hasOlder, hasNewer: false };
    return { ...emptyRoom(), messages: byKey(stored.messages, ({ id }) => id), segments: [segment], head: stored.head };
  }

  /** Writes what is waiting, now: the page is about to go. */
  async flush(): Promise<void> {
    this.#planned = false;
    const state = this.#store.getState();
    if (this.#prefix === null || !state.me) return;
    const prefix = this.#prefix;
    const rooms = [...this.#dirty].map((id) => this.#writeRoom(prefix, id, state.rooms[id]));
    this.#dirty.clear();
    const places = pick(state);
    const same = this.#places && Object.entries(places).every(([key, value]) => this.#places?.[key as keyof Places] === value);
    this.#places = places;
    await Promise.all([...rooms, same ? undefined : this.#vault.put(`${prefix}places`, { ...slim(places), version })]);
  }

  /** Signed out. */
  async clear(): Promise<void> {
    const prefix = this.#prefix;
    this.#prefix = null;
    this.#dirty.clear();
    if (prefix !== null) await this.#vault.clear(prefix);
  }

  dispose(): void {
    this.#unsubscribe();
  }

  #changed(state: InstanceState, previous: InstanceState): void {
    if (state.rooms !== previous.rooms)
      for (const [id, room] of Object.entries(state.rooms)) if (room.messages !== previous.rooms[id]?.messages || room.stale !== previous.rooms[id]?.stale) this.#dirty.add(id);
    const moved = Object.entries(pick(state)).some(([key, value]) => previous[key as keyof Places] !== value);
    if (this.#planned || (this.#dirty.size === 0 && !moved)) return;
    this.#planned = true;
    this.#later(gather, () => void this.flush());
  }

  /** Only an end that is known to be right is worth keeping. */
  async #writeRoom(prefix: string, id: Id, room: RoomState | undefined): Promise<void> {
    const live = room && liveSegment(room);
    if (!room || !live || room.stale || room.head === null || this.#written.get(id)?.messages === room.messages) return;
    this.#written.set(id, room);
    const ids = live.ids.slice(-newest);
    const stored: StoredRoom = {
      version,
      messages: ids.flatMap((each) => room.messages[each] ?? []),
      hasOlder: live.hasOlder || ids.length < live.ids.length,
      head: room.head,
    };
    await this.#vault.put(`${prefix}room|${id}`, stored);
  }
}

function pick({ me, info, serverOrder, servers, channels, directOrder, readStates, users, mentions }: InstanceState): Places {
  return { me, info, serverOrder, servers, channels, directOrder, readStates, users, mentions };
}

/** Member lists are asked for anew; of everybody else a name for mentions is enough. */
function slim(places: Places): Places {
  const servers = Object.fromEntries(
    Object.entries(places.servers).map(([id, server]) => [id, { ...server, members: { [server.me.user.id]: server.me }, memberRows: [], memberTotal: server.member_count }]),
  );
  const mentions = places.mentions && { messages: places.mentions.messages.slice(0, newest), hasOlder: places.mentions.hasOlder || places.mentions.messages.length > newest };
  return { ...places, servers, mentions, users: Object.fromEntries(Object.entries(places.users).slice(-500)) };
}
