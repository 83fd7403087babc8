import { describe, expect, it } from "vitest";
import { isNewer, newCount, rowsOf, type Said } from "./TimelineModel";

const noon = new Date(2026, 10, 20, 12, 0).getTime();
const said = (id: string, authorId: string, minute: number, isReply = false): Said => ({ id, authorId, at: noon + minute * 60_000, isReply });
const shape = (rows: ReturnType<typeof rowsOf>) => rows.map((row) => (row.kind === "message" ? `${row.id}${row.first ? "!" : ""}` : row.kind));
const open = { complete: false, readUpTo: null, me: "me" };

describe("rowsOf", () => {
  it("groups one author within seven minutes", () => {
    expect(shape(rowsOf([said("1", "a", 0), said("2", "a", 6), said("3", "a", 13), said("4", "b", 13)], open))).toEqual(["day", "1!", "2", "3!", "4!"]);
  });
  it("starts anew for a reply", () => {
    expect(shape(rowsOf([said("1", "a", 0), said("2", "a", 1, true)], open))).toEqual(["day", "1!", "2!"]);
  });
  it("separates days and shows the start when nothing is older", () => {
    expect(shape(rowsOf([said("1", "a", 0), said("2", "a", 24 * 60)], { ...open, complete: true }))).toEqual(["start", "day", "1!", "day", "2!"]);
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
