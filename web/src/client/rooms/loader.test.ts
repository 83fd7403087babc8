import { describe, expect, test } from "vitest";
import { createStore, type StoreApi } from "zustand/vanilla";

import { Offline } from "../errors";
import { reduce } from "../reduce";
import { emptyRoom, type PageQuery } from "../reduce/windows";
import { shownMessages, shownSegment } from "../selectors";
import { emptyState, type InstanceState, type RoomState } from "../state";
import { settle } from "../testing/clock";
import { message, readyWith, server } from "../testing/things";
import type { GatewayEvent, Message } from "../wire";
import { RoomLoader } from "./loader";

/** The instance's room 10: its list, its head, its pages; `hold` keeps answers back until `release`. */
class Room {
  list: Message[] = [];
  head = 0;
  asked: string[] = [];
  failing = false;
  hold = false;
  #held: (() => void)[] = [];

  constructor(count: number) {
    for (let i = 1; i <= count; i++) this.create();
  }

  create(): GatewayEvent {
    this.head += 1;
    const made = message(1_000 + this.head);
    this.list.push(made);
    return { t: "MESSAGE_CREATE", d: { server_id: "100", channel_id: "10", message: made, seq: this.head } };
  }

  edit(id: string, content: string): void {
    this.head += 1;
    this.list = this.list.map((m) => (m.id === id ? { ...m, content } : m));
  }

  remove(id: string): void {
    this.head += 1;
    this.list = this.list.filter((m) => m.id !== id);
  }

  async page(query: PageQuery, limit: number): Promise<readonly Message[]> {
    this.asked.push(query.kind);
    if (this.failing) throw new Offline();
    const answer = this.#page(query, limit).toReversed();
    if (this.hold) await new Promise<void>((resolve) => this.#held.push(resolve));
    return answer;
  }

  release(): void {
    this.hold = false;
    for (const resolve of this.#held.splice(0)) resolve();
  }

  ready(): GatewayEvent {
    return { t: "READY", d: readyWith([server({ heads: { "channel:10": this.head } })]) };
  }

  #page(query: PageQuery, limit: number): Message[] {
    if (query.kind === "tail") return this.list.slice(-limit);
    const at = this.list.filter(({ id }) => Number(id) < Number(query.id)).length;
    if (query.kind === "before") return this.list.slice(Math.max(0, at - limit), at);
    if (query.kind === "after") return this.list.filter(({ id }) => Number(id) > Number(query.id)).slice(0, limit);
    return this.list.slice(Math.max(0, at - limit / 2), at + limit / 2);
  }
}

class World {
  store: StoreApi<InstanceState> = createStore<InstanceState>(() => emptyState("https://bay.example"));
  loader: RoomLoader;
  cached: RoomState | null = null;
  room: Room;

  constructor(count: number) {
    this.room = new Room(count);
    this.loader = new RoomLoader(this.store, { page: (_, query, limit) => this.room.page(query, limit) }, { load: () => Promise.resolve(this.cached) });
  }

  tell(event: GatewayEvent): void {
    this.store.setState((state) => reduce(state, event, 0), true);
    if (event.t === "READY") this.loader.refresh();
  }

  async opened(): Promise<this> {
    this.tell(this.room.ready());
    this.loader.open("10");
    await settle();
    return this;
  }

  ids(): number[] {
    return shownMessages(this.store.getState(), "10").map(({ id }) => Number(id) - 1_000);
  }

  held(): RoomState | undefined {
    return this.store.getState().rooms["10"];
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("opening", () => {
  test("fetches the end of a room that was never seen, and says when there is no more", async () => {
    const world = await new World(60).opened();
    expect(world.ids()).toEqual(range(11, 60));
    expect(shownSegment(world.held())).toMatchObject({ hasOlder: true, hasNewer: false });
    await world.loader.older("10");
    expect(world.ids()).toEqual(range(1, 60));
    expect(shownSegment(world.held())?.hasOlder).toBe(false);
    await world.loader.older("10");
    expect(world.room.asked).toEqual(["tail", "before"]);
  });

  test("paints what this device holds before any answer, and asks for nothing when its head is current", async () => {
    const world = new World(3);
    world.cached = { ...emptyRoom(), messages: { "1003": message(1003) }, segments: [{ ids: ["1003"], hasOlder: true, hasNewer: false }], head: 3 };
    world.loader.open("10");
    await settle();
    expect([world.ids(), world.room.asked, world.held()?.stale]).toEqual([[3], [], true]);
    world.tell(world.room.ready());
    await settle();
    expect([world.ids(), world.room.asked, world.held()?.stale]).toEqual([[3], [], false]);
  });

  test("a second visit asks for nothing", async () => {
    const world = await new World(3).opened();
    world.loader.leave("10");
    world.loader.open("10");
    await settle();
    expect(world.room.asked).toEqual(["tail"]);
  });

  test("the divider stands where reading ended, for the visit", async () => {
    const world = new World(3);
    world.tell(world.room.ready());
    world.tell({ t: "READ_STATE_UPDATE", d: { channel_id: "10", last_message_id: "1002", mention_count: 0 } });
    world.loader.open("10");
    world.tell({ t: "READ_STATE_UPDATE", d: { channel_id: "10", last_message_id: "1003", mention_count: 0 } });
    expect(world.store.getState().visit?.dividerAfter).toBe("1002");
    world.loader.open("10");
    expect(world.store.getState().visit?.dividerAfter).toBe("1002");
    world.loader.leave("10");
    expect(world.store.getState().visit).toBeNull();
  });

  test("an unreachable instance is told in the room, and the next try forgets it", async () => {
    const world = new World(3);
    world.room.failing = true;
    await world.opened();
    expect(world.held()).toMatchObject({ error: { code: "offline" }, loading: { view: false } });
    world.room.failing = false;
    world.loader.open("10");
    await settle();
    expect([world.held()?.error, world.ids()]).toEqual([null, [1, 2, 3]]);
  });
});

describe("after the link was lost", () => {
  test("an unchanged room is not read again", async () => {
    const world = await new World(5).opened();
    world.tell(world.room.ready());
    await settle();
    expect(world.room.asked).toEqual(["tail"]);
  });

  test("what came, changed and went meanwhile is right afterwards, in a long window too", async () => {
    const world = await new World(160).opened();
    await world.loader.older("10");
    await world.loader.older("10");
    world.room.edit("1020", "edited far up");
    world.room.remove("1030");
    world.room.create();
    world.tell(world.room.ready());
    expect(world.held()?.stale).toBe(true);
    await settle();
    expect(world.ids().slice(0, 3)).toEqual([1, 2, 3]);
    expect(world.ids()).toEqual([...range(1, 29), ...range(31, 160), 163]);
    expect(world.held()?.messages["1020"]?.content).toBe("edited far up");
    expect(world.held()).toMatchObject({ stale: false, head: 163 });
  });

  test("messages that arrive while the room is read again are neither lost nor doubled", async () => {
    const world = await new World(5).opened();
    world.room.create();
    world.room.hold = true;
    world.tell(world.room.ready());
    await settle();
    world.tell(world.room.create());
    world.room.release();
    await settle();
    expect(world.ids()).toEqual(range(1, 7));
    expect(world.held()).toMatchObject({ stale: false, head: 7 });
  });

  test("a window in the middle of history is read where it is", async () => {
    const world = await new World(400).opened();
    await world.loader.jump("10", "1200");
    const before = world.ids();
    expect(before).toContain(200);
    world.room.remove("1201");
    world.tell(world.room.ready());
    await settle();
    expect(world.ids()[0]).toBe(before[0]);
    expect(world.ids()).toContain(200);
    expect(world.ids()).not.toContain(201);
    expect(shownSegment(world.held())?.hasNewer).toBe(true);
    await world.loader.present("10");
    expect(world.ids().at(-1)).toBe(400);
  });

  test("rooms that are not on the screen are read when they are opened", async () => {
    const world = await new World(5).opened();
    world.loader.leave("10");
    world.room.create();
    world.tell(world.room.ready());
    await settle();
    expect(world.room.asked).toEqual(["tail"]);
    world.loader.open("10");
    expect(world.ids()).toEqual(range(1, 5));
    await settle();
    expect(world.ids()).toEqual(range(1, 6));
  });
});

describe("jumping", () => {
  test("goes to held messages at once and joins what it reads on the way back", async () => {
    const world = await new World(200).opened();
    await world.loader.jump("10", "1190");
    expect(world.room.asked).toEqual(["tail"]);
    await world.loader.jump("10", "1100");
    expect(world.ids()).toContain(100);
    while (shownSegment(world.held())?.hasNewer) await world.loader.newer("10");
    expect(world.ids()).toEqual(range(75, 200));
    expect(world.held()?.segments).toHaveLength(1);
  });

  test("says where to look, each time anew, also where nothing had to be loaded", async () => {
    const world = await new World(200).opened();
    await world.loader.jump("10", "1190");
    const first = world.store.getState().visit?.goal;
    expect(first).toEqual({ id: "1190" });
    await world.loader.jump("10", "1190");
    expect(world.store.getState().visit?.goal).toEqual(first);
    expect(world.store.getState().visit?.goal).not.toBe(first);
    await world.loader.jump("10", "9999");
    expect(world.store.getState().visit?.goal).toEqual(first);
  });

  test("reads around a message that is held but has nothing before it yet", async () => {
    const world = await new World(200).opened();
    await world.loader.jump("10", "1151");
    expect(world.room.asked).toEqual(["tail", "around"]);
    expect(world.ids()).toEqual(range(126, 200));
  });

  test("right after the room was opened, jumps as soon as the end is there", async () => {
    const world = new World(200);
    world.tell(world.room.ready());
    world.room.hold = true;
    world.loader.open("10");
    const jumped = world.loader.jump("10", "1001");
    await settle();
    world.room.release();
    await jumped;
    expect(world.room.asked).toEqual(["tail", "around"]);
    expect(world.store.getState().visit?.goal).toEqual({ id: "1001" });
    expect(world.ids()).toContain(1);
  });

  test("loses nothing that is said while both edges load, and is live again where the pages meet the end", async () => {
    const world = await new World(200).opened();
    await world.loader.jump("10", "1100");
    world.room.create();
    world.tell(world.room.ready()); // read again is what is on the screen: the end is no longer held
    await settle();
    while (Number(shownSegment(world.held())?.ids.at(-1)) < 1152) await world.loader.newer("10");
    expect(world.held()?.segments).toHaveLength(1);
    expect(shownSegment(world.held())?.hasNewer).toBe(true);
    world.room.hold = true;
    const newer = world.loader.newer("10");
    world.tell(world.room.create());
    const older = world.loader.older("10");
    await settle();
    world.room.release();
    await Promise.all([newer, older]);
    world.tell(world.room.create());
    expect(world.ids()?.slice(-3)).toEqual([201, 202, 203]);
  });

  test("to the newest loads the end where it is not held", async () => {
    const world = await new World(200).opened();
    await world.loader.jump("10", "1020");
    expect(shownSegment(world.held())?.hasNewer).toBe(true);
    await world.loader.present("10");
    expect(world.ids()).toEqual(range(151, 200));
    expect(world.store.getState().visit?.goal).toEqual({ id: "end" });
  });
});
