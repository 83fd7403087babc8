import { describe, expect, it } from "vitest";
import { isNewer, keepPlaces, newCount, rowsOf, type Said } from "./TimelineModel";

const noon = new Date(2026, 10, 20, 12, 0).getTime();
const said = (id: string, authorId: string, minute: number, isReply = false): Said => ({ id, authorId, at: noon + minute * 60_000, isReply });
const shape = (rows: ReturnType<typeof rowsOf>) => rows.map((row) => (row.kind === "message" ? `${row.id}${row.first ? "!" : ""}` : row.kind));
const open = { complete: true, readUpTo: null, me: "me" };

describe("rowsOf", () => {
  it("groups one author within seven minutes", () => {
    expect(shape(rowsOf([said("1", "a", 0), said("2", "a", 6), said("3", "a", 13), said("4", "b", 13)], open))).toEqual(["day", "1!", "2", "3!", "4!"]);
  });
  it("starts anew for a reply", () => {
    expect(shape(rowsOf([said("1", "a", 0), said("2", "a", 1, true)], open))).toEqual(["day", "1!", "2!"]);
  });
  it("separates days", () => {
    expect(shape(rowsOf([said("1", "a", 0), said("2", "a", 24 * 60)], open))).toEqual(["day", "1!", "day", "2!"]);
  });
  it("never changes a row when older ones arrive, wherever the pages meet", () => {
    const all = Array.from({ length: 40 }, (_, at) => said(String(at + 1), at % 7 < 4 ? "a" : "b", at * 5 + (at > 20 ? 24 * 60 : 0), at % 11 === 0));
    const whole = rowsOf(all, open);
    for (let from = 1; from < all.length - 1; from++) {
      const held = rowsOf(all.slice(from), { ...open, complete: false });
      expect(held).toEqual(whole.slice(-held.length));
    }
  });
  it("shows a single message though something is older, and the divider though it is further up", () => {
    expect(shape(rowsOf([said("1", "a", 0)], { ...open, complete: false }))).toEqual(["day", "1!"]);
    expect(shape(rowsOf([said("2", "a", 0), said("3", "a", 1), said("4", "a", 2)], { ...open, complete: false, readUpTo: "1" }))).toEqual(["unread", "3!", "4"]);
  });
  it("draws the divider before the first unread message of somebody else", () => {
    const messages = [said("1", "a", 0), said("2", "me", 1), said("3", "a", 2), said("4", "a", 3)];
    expect(shape(rowsOf(messages, { ...open, readUpTo: "1" }))).toEqual(["day", "1!", "2!", "unread", "3!", "4"]);
    expect(shape(rowsOf(messages, { ...open, readUpTo: "4" }))).not.toContain("unread");
  });
  it("keeps the key of a message when the server's copy replaces it", () => {
    const keyOf = (message: Said) => (message.id === "1" || message.id === "n" ? "n" : message.id);
    const pending = rowsOf([said("n", "me", 0)], { ...open, keyOf });
    const sent = rowsOf([said("1", "me", 0)], { ...open, keyOf });
    expect(pending.map((row) => row.key)).toEqual(sent.map((row) => row.key));
  });
});

describe("order of ids", () => {
  it("compares snowflakes by length first, nonces last", () => {
    expect(isNewer("100", "99")).toBe(true);
    expect(isNewer("99", "100")).toBe(false);
    expect(isNewer("a-nonce", "100")).toBe(true);
  });
  it("counts what came since", () => {
    expect(newCount([said("1", "a", 0), said("2", "me", 1), said("3", "a", 2)], "1", "me")).toBe(1);
    expect(newCount([said("1", "a", 0)], null, "me")).toBe(0);
  });
});

describe("keepPlaces", () => {
  const rows = (...ids: string[]) => rowsOf(ids.map((id) => said(id, "a", Number(id))), open);
  const before = rows("1", "2", "3", "4");

  it("leaves an empty row where a message was deleted, and again when the next one is", () => {
    const once = keepPlaces(before, rows("1", "3", "4"));
    expect(shape(once)).toEqual(["day", "1!", "gone", "3", "4"]);
    expect(shape(keepPlaces(once, rows("1", "4")))).toEqual(["day", "1!", "gone", "gone", "4"]);
  });
  it("keeps the places when a page arrives above and messages below", () => {
    const once = keepPlaces(before.slice(1), rows("2", "3", "4").slice(1));
    expect(shape(keepPlaces(once, rows("0", "2", "3", "4", "5")))).toEqual(["day", "0!", "gone", "2", "3", "4", "5"]);
  });
  it("keeps nothing at the end, where nothing below would move", () => {
    expect(shape(keepPlaces(before, rows("1", "2", "3")))).toEqual(["day", "1!", "2", "3"]);
  });
  it("keeps nothing of another stretch of the room", () => {
    expect(shape(keepPlaces(before, rows("7", "8").slice(1)))).toEqual(["7!", "8"]);
    const many = Array.from({ length: 60 }, (_, at) => String(at + 1));
    expect(keepPlaces(rows(...many, "99"), rows("99"))).toHaveLength(2);
  });
});
