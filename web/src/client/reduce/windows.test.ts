import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { compareIds } from "../ids";
import type { RoomState } from "../state";
import { message } from "../testing/things";
import type { Message } from "../wire";
import { appendLive, applyPage, cutBack, emptyRoom, type PageQuery, removeMessage, replaceMessage, replaceRuns } from "./windows";

/** The server's list and its pages, as rest.md describes them. */
class History {
  list: Message[] = [];
  #next = 9_007_199_254_740_990n;

  create(): Message {
    this.#next += 3n;
    const made = message(this.#next.toString());
    this.list.push(made);
    return made;
  }

  page(query: PageQuery, limit: number): Message[] {
    const { list } = this;
    if (query.kind === "tail") return list.slice(-limit);
    const at = (id: string) => list.filter((m) => compareIds(m.id, id) < 0).length;
    if (query.kind === "before") return list.slice(Math.max(0, at(query.id) - limit), at(query.id));
    const from = at(query.id) + (list.some(({ id }) => id === query.id) ? 1 : 0);
    if (query.kind === "after") return list.slice(from, from + limit);
    const first = Math.max(0, at(query.id) - Math.floor(limit / 2));
    return list.slice(first, first + limit);
  }
}

function check(room: RoomState, history: History): void {
  const known = history.list.map(({ id }) => id);
  const held = room.segments.flatMap(({ ids }) => ids);
  expect(held).toEqual(held.toSorted(compareIds));
  expect(new Set(held).size).toBe(held.length);
  expect(Object.keys(room.messages).toSorted(compareIds)).toEqual(held);
  for (const { ids, hasOlder, hasNewer } of room.segments) {
    if (ids.length === 0) continue;
    const first = known.indexOf(ids[0]!);
    const last = known.indexOf(ids.at(-1)!);
    expect(ids).toEqual(known.slice(first, last + 1));
    if (!hasOlder) expect(first).toBe(0);
    if (!hasNewer) expect(last).toBe(known.length - 1);
  }
  for (const { id, content } of history.list) if (room.messages[id]) expect(room.messages[id].content).toBe(content);
}

const pick = fc.nat({ max: 10_000 });
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ do: fc.constant("create" as const), n: fc.integer({ min: 1, max: 6 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("delete" as const), pick }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("edit" as const), pick }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("ask" as const), kind: fc.constantFrom("tail" as const, "before" as const, "after" as const, "around" as const), pick }) },
    { weight: 3, arbitrary: fc.constant({ do: "answer" as const }) },
    { weight: 1, arbitrary: fc.constant({ do: "cut" as const }) },
  ),
  { maxLength: 60 },
);

describe("windows", () => {
  test("hold what the server holds, whatever pages arrive between whatever events", () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 40 }), (list, past) => {
        const limit = 8;
        const history = new History();
        for (let i = 0; i < past; i++) history.create();
        let room = emptyRoom();
        let asked: { query: PageQuery; messages: Message[] } | null = null;
        for (const step of list) {
          const some = history.list[("pick" in step ? step.pick : 0) % Math.max(1, history.list.length)];
          if (step.do === "create") for (let i = 0; i < step.n; i++) room = appendLive(room, history.create());
          if (step.do === "delete" && some) {
            history.list = history.list.filter(({ id }) => id !== some.id);
            room = removeMessage(room, some.id);
          }
          if (step.do === "edit" && some) {
            const edited = { ...some, content: `${some.content}!`, edited_timestamp: new Date(Date.parse(some.edited_timestamp ?? some.timestamp) + 1000).toISOString() };
            history.list = history.list.map((m) => (m.id === some.id ? edited : m));
            room = replaceMessage(room, edited);
          }
          if (step.do === "ask" && !asked && (step.kind === "tail" || some)) {
            const run = room.segments[("pick" in step ? step.pick : 0) % Math.max(1, room.segments.length)];
            const anchor = step.kind === "before" ? run?.ids[0] : step.kind === "after" ? run?.ids.at(-1) : some?.id;
            if (step.kind !== "tail" && !anchor) continue;
            const query: PageQuery = step.kind === "tail" ? { kind: "tail" } : { kind: step.kind, id: anchor ?? "0" };
            asked = { query, messages: history.page(query, limit) };
            room = { ...room, fresh: [] };
          }
          if (step.do === "answer" && asked) {
            room = applyPage(room, { ...asked, limit });
            asked = null;
          }
          if (step.do === "cut") room = cutBack(room, 5);
          check(room, history);
        }
      }),
      { numRuns: 400 },
    );
  });

  test("pages before and after join the run that they were asked from", () => {
    const list = Array.from({ length: 9 }, (_, i) => message(i + 1));
    let room = applyPage(emptyRoom(), { query: { kind: "around", id: "5" }, limit: 3, messages: list.slice(3, 6) });
    room = applyPage(room, { query: { kind: "before", id: "4" }, limit: 3, messages: list.slice(0, 3) });
    room = applyPage(room, { query: { kind: "after", id: "6" }, limit: 4, messages: list.slice(6) });
    expect(room.segments).toEqual([{ ids: list.map(({ id }) => id), hasOlder: true, hasNewer: false }]);
  });

  test("a page shows that a message is gone which no event told of", () => {
    const list = Array.from({ length: 5 }, (_, i) => message(i + 1));
    let room = applyPage(emptyRoom(), { query: { kind: "tail" }, limit: 50, messages: list });
    room = applyPage(room, { query: { kind: "tail" }, limit: 50, messages: list.filter(({ id }) => id !== "3") });
    expect(room.segments[0]?.ids).toEqual(["1", "2", "4", "5"]);
    expect(room.messages["3"]).toBeUndefined();
  });

  test("a reply follows what it quotes", () => {
    const reply = message(2, { referenced_message: { id: "1", author: null, content: "message 1" } });
    const room = applyPage(emptyRoom(), { query: { kind: "tail" }, limit: 50, messages: [message(1), reply] });
    expect(replaceMessage(room, message(1, { content: "new" })).messages["2"]?.referenced_message?.content).toBe("new");
    expect(removeMessage(room, "1").messages["2"]?.referenced_message?.content).toBeNull();
  });

  test("revalidation keeps what arrived meanwhile and lets go of the rest", () => {
    let room = applyPage(emptyRoom(), { query: { kind: "tail" }, limit: 50, messages: [message(1), message(2)] });
    room = { ...room, fresh: [] };
    room = appendLive(room, message(9));
    room = replaceRuns(room, [message(2, { content: "edited" }), message(3)], { hasOlder: true, hasNewer: false });
    expect(room.segments).toEqual([{ ids: ["2", "3", "9"], hasOlder: true, hasNewer: false }]);
    expect(room.messages["2"]?.content).toBe("edited");
  });

  test("an empty room is known to be empty", () => {
    const room = applyPage(emptyRoom(), { query: { kind: "tail" }, limit: 50, messages: [] });
    expect(room.segments).toEqual([{ ids: [], hasOlder: false, hasNewer: false }]);
    expect(appendLive(room, message(1)).segments).toEqual([{ ids: ["1"], hasOlder: false, hasNewer: false }]);
  });
});
