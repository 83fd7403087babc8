import { describe, expect, test } from "vitest";
import { createStore } from "zustand/vanilla";

import { reduce } from "../reduce";
import { isUnread, mentionCount } from "../selectors";
import { emptyState, type InstanceState } from "../state";
import { FakeClock } from "../testing/clock";
import { message, readyWith, server } from "../testing/things";
import { ReadMarks } from "./reads";

function world() {
  const clock = new FakeClock();
  const sent: string[] = [];
  const marks = [{ channel_id: "10", last_message_id: "1", mention_count: 0 }];
  const store = createStore<InstanceState>(() => reduce(emptyState("https://bay.example"), { t: "READY", d: readyWith([server()], { read_states: marks }) }, 0));
  store.setState({ visit: { channelId: "10", dividerAfter: null, atBottom: false, goal: null } });
  const mark = (channelId: string, messageId: string) => {
    sent.push(`${channelId} ${messageId}`);
    return Promise.resolve();
  };
  const reads = new ReadMarks(store, { mark, later: clock.later });
  const arrive = (id: number, channelId = "10") => {
    store.setState((state) => reduce(state, { t: "MESSAGE_CREATE", d: { server_id: "100", channel_id: channelId, message: message(id, { channel_id: channelId, mentions: ["1"] }), seq: id } }, 0), true);
    reads.look();
  };
  return { clock, sent, store, reads, arrive };
}

describe("a room is read", () => {
  test("when its newest message is on the screen of a window with focus", async () => {
    const { store, reads, arrive, sent, clock } = world();
    arrive(50);
    expect([isUnread(store.getState(), "10"), mentionCount(store.getState(), "10")]).toEqual([true, 1]);
    reads.bottom("10", true);
    expect([isUnread(store.getState(), "10"), mentionCount(store.getState(), "10")]).toEqual([false, 0]);
    await clock.pass(400);
    expect(sent).toEqual(["10 50"]);
  });

  test("not while the window has no focus, then at once with it", async () => {
    const { store, reads, arrive, sent, clock } = world();
    reads.bottom("10", true);
    reads.focus(false);
    arrive(50);
    await clock.pass(1_000);
    expect([isUnread(store.getState(), "10"), sent]).toEqual([true, []]);
    reads.focus(true);
    expect(isUnread(store.getState(), "10")).toBe(false);
  });

  test("not when another room is on the screen", () => {
    const { store, reads, arrive } = world();
    reads.bottom("11", true);
    arrive(50);
    expect(isUnread(store.getState(), "10")).toBe(true);
  });

  test("with one mark however many messages come", async () => {
    const { reads, arrive, sent, clock } = world();
    reads.bottom("10", true);
    for (let id = 50; id < 60; id++) arrive(id);
    await clock.pass(400);
    expect(sent).toEqual(["10 59"]);
  });
});

describe("marking by hand", () => {
  test("a server with all its rooms, and back", async () => {
    const { store, reads, arrive, sent, clock } = world();
    const late = Number((BigInt(Date.parse("2030-01-01T00:00:00Z") - 1_420_070_400_000) << 22n).toString().slice(0, 15));
    arrive(50);
    arrive(late * 10_000, "11");
    const undo = reads.markServer("100");
    expect([isUnread(store.getState(), "10"), isUnread(store.getState(), "11")]).toEqual([false, false]);
    await clock.pass(400);
    expect(sent).toHaveLength(2);
    await undo?.();
    expect([isUnread(store.getState(), "10"), isUnread(store.getState(), "11")]).toEqual([true, true]);
    expect(sent.slice(2)).toEqual(["10 1", "11 0"]);
  });

  test("undone before it was sent, it is not sent", async () => {
    const { reads, arrive, sent, clock } = world();
    arrive(50);
    await reads.markRoom("10")?.();
    await clock.pass(400);
    expect(sent).toEqual(["10 1"]);
  });

  test("nothing to mark is nothing to undo", () => {
    const { reads } = world();
    expect(reads.markRoom("10")).toBeNull();
  });
});
