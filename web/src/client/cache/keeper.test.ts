import "fake-indexeddb/auto";

import { describe, expect, test } from "vitest";
import { createStore, type StoreApi } from "zustand/vanilla";

import { reduce } from "../reduce";
import { applyPage, emptyRoom } from "../reduce/windows";
import { emptyState, type InstanceState } from "../state";
import { FakeClock } from "../testing/clock";
import { channel, message, readyWith, server, user } from "../testing/things";
import { indexedVault, memoryVault, type Vault } from "./indexed";
import { CacheKeeper } from "./keeper";

const origin = "https://bay.example";

function tab(vault: Vault): { store: StoreApi<InstanceState>; cache: CacheKeeper; clock: FakeClock } {
  const clock = new FakeClock();
  const store = createStore<InstanceState>(() => emptyState(origin));
  return { store, clock, cache: new CacheKeeper(store, vault, clock.later) };
}

/** A tab that was used: one server, one room of 60 messages. */
async function used(vault: Vault) {
  const first = tab(vault);
  await first.cache.restore("1");
  const rooms = [channel("10"), channel("11", { parent_id: "10" })];
  first.store.setState((state) => reduce(state, { t: "READY", d: readyWith([server({ channels: rooms, heads: { "channel:10": 60 } })]) }, 0), true);
  const room = applyPage(emptyRoom(), { query: { kind: "tail" }, limit: 100, messages: Array.from({ length: 60 }, (_, i) => message(i + 1)) });
  first.store.setState({ rooms: { "10": { ...room, head: 60, stale: false } } });
  await first.cache.flush();
  return first;
}

describe.each<[string, () => Vault]>([
  ["in the browser's database", () => indexedVault(`test${Math.random()}`)],
  ["in memory", memoryVault],
])("what is kept %s", (_, make) => {
  test("servers, rooms and the newest 50 messages are there after a reload", async () => {
    const vault = make();
    await used(vault);
    const { store, cache } = tab(vault);
    await cache.restore("1");
    const state = store.getState();
    expect([state.serverOrder, state.servers["100"]?.name, state.live]).toEqual([["100"], "Lantern Bay", false]);
    expect(state.trees["100"]).toEqual([{ id: "10", children: [{ id: "11", children: [] }] }]);
    const room = await cache.loadRoom("10");
    expect(room?.segments).toEqual([{ ids: Array.from({ length: 50 }, (__, i) => String(i + 11)), hasOlder: true, hasNewer: false }]);
    expect(room).toMatchObject({ head: 60, stale: true });
    expect(await cache.loadRoom("11")).toBeNull();
  });

  test("another person on this device sees nothing of it", async () => {
    const vault = make();
    await used(vault);
    const { store, cache } = tab(vault);
    await cache.restore("2");
    expect([store.getState().serverOrder, await cache.loadRoom("10")]).toEqual([[], null]);
  });

  test("signing out leaves nothing", async () => {
    const vault = make();
    const { cache: old } = await used(vault);
    await old.clear();
    const { store, cache } = tab(vault);
    await cache.restore("1");
    expect([store.getState().serverOrder, await cache.loadRoom("10")]).toEqual([[], null]);
  });
});

describe("writing", () => {
  test("waits a second for more changes", async () => {
    const vault = memoryVault();
    const { store, cache, clock } = tab(vault);
    await cache.restore("1");
    store.setState((state) => reduce(state, { t: "READY", d: readyWith([server()]) }, 0), true);
    await clock.pass(900);
    expect(await vault.get(`${origin}|1|places`)).toBeUndefined();
    await clock.pass(100);
    expect(await vault.get(`${origin}|1|places`)).toMatchObject({ serverOrder: ["100"] });
  });

  test("a window that may be old is not kept", async () => {
    const vault = memoryVault();
    const { store, cache } = await used(vault);
    const room = store.getState().rooms["10"] ?? emptyRoom();
    store.setState({ rooms: { "10": { ...room, messages: {}, segments: [{ ids: [], hasOlder: false, hasNewer: false }], stale: true } } });
    await cache.flush();
    expect((await cache.loadRoom("10"))?.segments[0]?.ids).toHaveLength(50);
  });

  test("what a live session states is not overwritten by what was stored", async () => {
    const vault = memoryVault();
    await used(vault);
    const { store, cache } = tab(vault);
    store.setState((state) => reduce(state, { t: "READY", d: readyWith([], { users: [user("9")] }) }, 0), true);
    await cache.restore("1");
    expect(store.getState().serverOrder).toEqual([]);
  });
});
