import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createStore, type StoreApi } from "zustand/vanilla";

import { Offline, Problem } from "../errors";
import { reduce } from "../reduce";
import { emptyState, type InstanceState } from "../state";
import { FakeClock, settle } from "../testing/clock";
import { FakeStorage } from "../testing/shelf";
import { me, message, readyWith, server, user } from "../testing/things";
import type { Message } from "../wire";
import { Outbox } from "./outbox";

type Sent = { channel_id: string; content: string; nonce: string; reply_to: string | null };

/** What the instance does with sends: it keeps one message per nonce, whatever becomes of the answer. */
class Receiver {
  kept: Message[] = [];
  asked: Sent[] = [];
  #next = 1_000;

  take(sent: Sent): Message {
    this.asked.push(sent);
    const known = this.kept.find(({ nonce }) => nonce === sent.nonce);
    if (known) return known;
    const made = message(this.#next++, { channel_id: sent.channel_id, content: sent.content, nonce: sent.nonce, author: user("1") });
    this.kept.push(made);
    return made;
  }
}

class Tab {
  store: StoreApi<InstanceState>;
  outbox: Outbox;
  up = true;
  /** How the next sends end; without an entry they are answered. */
  fate: ("answer" | "lose request" | "lose answer" | Error)[] = [];

  receiver: Receiver;

  constructor(receiver: Receiver, storage: FakeStorage, clock: FakeClock) {
    this.receiver = receiver;
    this.store = createStore<InstanceState>(() => reduce(emptyState("https://bay.example"), { t: "READY", d: readyWith([server()], { user: me() }) }, 0));
    this.outbox = new Outbox(this.store, { send: (sent) => this.#send(sent), open: () => this.up, now: clock.now, later: clock.later }, storage.tab());
    this.outbox.restore("1");
  }

  async #send(sent: Sent): Promise<Message> {
    await Promise.resolve();
    const fate = this.fate.shift() ?? "answer";
    if (fate instanceof Error) throw fate;
    if (fate === "lose request" || !this.up) throw new Offline();
    const answer = this.receiver.take(sent);
    if (fate === "lose answer") throw new Offline();
    return answer;
  }

  pending(): string[] {
    return Object.values(this.store.getState().outbox).flatMap((queue) => queue.map(({ content, phase }) => `${content} ${phase}`));
  }
}

function world(): { receiver: Receiver; storage: FakeStorage; clock: FakeClock; tab: Tab } {
  const [receiver, storage, clock] = [new Receiver(), new FakeStorage(), new FakeClock()];
  return { receiver, storage, clock, tab: new Tab(receiver, storage, clock) };
}

const contents = (receiver: Receiver) => receiver.kept.map(({ content }) => content);

describe("the outbox", () => {
  test("paints at once, then the server's copy takes the place", async () => {
    const { tab, receiver } = world();
    const nonce = tab.outbox.add("10", "hello", null);
    expect(tab.pending()).toEqual(["hello sending"]);
    await settle();
    await settle();
    expect(tab.pending()).toEqual([]);
    expect(receiver.kept[0]?.nonce).toBe(nonce);
  });

  test("keeps the order of a room: one is under way at a time", async () => {
    const { tab, receiver, clock } = world();
    for (const content of ["a", "b", "c"]) tab.outbox.add("10", content, null);
    expect(tab.pending()).toEqual(["a sending", "b queued", "c queued"]);
    await clock.pass(0);
    await clock.pass(0);
    await clock.pass(0);
    expect(contents(receiver)).toEqual(["a", "b", "c"]);
  });

  test("offline it waits, also over a reload, and is sent once", async () => {
    const { tab, receiver, storage, clock } = world();
    tab.up = false;
    tab.outbox.add("10", "later", "9");
    const reloaded = new Tab(receiver, storage, clock);
    expect(reloaded.pending()).toEqual(["later sending"]);
    await clock.pass(10);
    await clock.pass(10);
    expect(receiver.asked).toMatchObject([{ content: "later", reply_to: "9" }]);
    expect(storage.values.size).toBe(0);
  });

  test("a lost answer is asked for again and makes no second message", async () => {
    const { tab, receiver, clock } = world();
    tab.fate = ["lose answer"];
    tab.outbox.add("10", "once", null);
    await clock.pass(10);
    expect(tab.pending()).toEqual(["once queued"]);
    await clock.pass(3_000);
    await clock.pass(10);
    expect([contents(receiver), receiver.asked.length, tab.pending()]).toEqual([["once"], 2, []]);
  });

  test("a refusal stays with its reason and the rest goes on", async () => {
    const { tab, receiver, clock } = world();
    tab.fate = [new Problem({ code: "permission.denied", detail: "Only captains write here." })];
    const nonce = tab.outbox.add("10", "no", null);
    tab.outbox.add("10", "yes", null);
    await clock.pass(10);
    await clock.pass(10);
    expect(tab.store.getState().outbox["10"]).toMatchObject([{ phase: "failed", problem: { code: "permission.denied", detail: "Only captains write here." } }]);
    expect(contents(receiver)).toEqual(["yes"]);
    tab.outbox.retry("10", nonce);
    await clock.pass(10);
    await clock.pass(10);
    expect(contents(receiver)).toEqual(["yes", "no"]);
  });

  test("a rate limit is waited out, in order", async () => {
    const { tab, receiver, clock } = world();
    tab.fate = [new Problem({ code: "rate.limited", retry_after: 4 })];
    for (const content of ["a", "b"]) tab.outbox.add("10", content, null);
    await clock.pass(3_900);
    expect(contents(receiver)).toEqual([]);
    await clock.pass(200);
    await clock.pass(10);
    await clock.pass(10);
    expect(contents(receiver)).toEqual(["a", "b"]);
  });

  test("discarding returns the text and sends nothing", async () => {
    const { tab, receiver, clock, storage } = world();
    tab.up = false;
    const nonce = tab.outbox.add("10", "never mind", null);
    expect(tab.outbox.discard("10", nonce)).toBe("never mind");
    tab.up = true;
    tab.outbox.flush();
    await clock.pass(10);
    expect([receiver.asked, storage.values.size]).toEqual([[], 0]);
  });

  test("what another tab dropped is not sent by this one", async () => {
    const { tab, receiver, storage, clock } = world();
    tab.up = false;
    const nonce = tab.outbox.add("10", "gone", null);
    const other = new Tab(receiver, storage, clock);
    other.up = false;
    await clock.pass(10);
    tab.outbox.discard("10", nonce);
    other.up = true;
    other.outbox.flush();
    await clock.pass(5_000);
    expect(receiver.asked).toEqual([]);
  });

  test("what is older than the instance remembers nonces is not sent by itself", async () => {
    const { tab, receiver, storage, clock } = world();
    tab.up = false;
    tab.outbox.add("10", "yesterday", null);
    await clock.pass(24 * 3_600_000);
    const later = new Tab(receiver, storage, clock);
    await clock.pass(10);
    expect([later.pending(), receiver.asked]).toEqual([["yesterday failed"], []]);
  });

  test("signing out leaves nothing behind", () => {
    const { tab, storage } = world();
    tab.up = false;
    tab.outbox.add("10", "secret", null);
    tab.outbox.clear();
    expect([storage.values.size, tab.pending()]).toEqual([0, []]);
  });
});

const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("add" as const), room: fc.constantFrom("10", "11") }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("fate" as const), fate: fc.constantFrom("lose request" as const, "lose answer" as const) }) },
    { weight: 2, arbitrary: fc.constant({ do: "down" as const }) },
    { weight: 2, arbitrary: fc.constant({ do: "up" as const }) },
    { weight: 2, arbitrary: fc.constant({ do: "reload" as const }) },
    { weight: 1, arbitrary: fc.constant({ do: "event" as const }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 0, max: 5_000 }) }) },
  ),
  { maxLength: 40 },
);

test("whatever is cut, lost or reloaded, each message arrives once and in the order of its room", async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const { receiver, storage, clock, tab: first } = world();
      let tab = first;
      const written: Record<string, string[]> = { "10": [], "11": [] };
      for (const step of list) {
        if (step.do === "add") {
          const content = `${Object.values(written).flat().length}`;
          written[step.room]?.push(content);
          tab.outbox.add(step.room, content, null);
          await clock.pass(1);
        }
        if (step.do === "fate") tab.fate.push(step.fate);
        if (step.do === "down") tab.up = false;
        if (step.do === "up") {
          tab.up = true;
          tab.outbox.flush();
        }
        if (step.do === "event") {
          const last = receiver.kept.at(-1);
          if (last) tab.store.setState((state) => reduce(state, { t: "MESSAGE_CREATE", d: { server_id: "100", channel_id: last.channel_id, message: last, seq: 1 } }, 0), true);
          if (last?.nonce) tab.outbox.confirm(last.nonce);
        }
        if (step.do === "reload") {
          tab.up = false;
          tab.outbox.dispose();
          await clock.pass(20_000);
          tab = new Tab(receiver, storage, clock);
        }
        if (step.do === "pass") await clock.pass(step.ms);
      }
      tab.up = true;
      tab.fate = [];
      for (let i = 0; i < 30; i++) {
        tab.outbox.flush();
        await clock.pass(5_000);
      }
      for (const room of ["10", "11"]) expect(receiver.kept.filter(({ channel_id }) => channel_id === room).map(({ content }) => content)).toEqual(written[room]);
      expect([tab.pending(), storage.values.size]).toEqual([[], 0]);
    }),
    { numRuns: 100 },
  );
});
