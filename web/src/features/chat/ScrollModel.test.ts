import { describe, expect, it } from "vitest";
import { anchorIn, grewAtStart, placeFor } from "./ScrollModel";
import type { Row } from "./TimelineModel";

const row = (key: string): Row => ({ kind: "message", key, id: key, first: true });
const unread: Row = { kind: "unread", key: "unread", at: 0 };

describe("grewAtStart", () => {
  it("sees a prepend", () => {
    expect(grewAtStart([row("5"), row("6")], [row("3"), row("4"), row("5"), row("6")])).toBe(true);
  });
  it("is not fooled by an append, a first fill or an edit", () => {
    expect(grewAtStart([row("5")], [row("5"), row("6")])).toBe(false);
    expect(grewAtStart([], [row("5")])).toBe(false);
    expect(grewAtStart([row("5")], [row("5")])).toBe(false);
  });
});

describe("placeFor", () => {
  const rows = [row("1"), unread, row("2")];
  it("returns to where it was, else to the divider, else to the end", () => {
    expect(placeFor(rows, { key: "2", offset: 7 })).toEqual({ index: 2, offset: 7 });
    expect(placeFor(rows, { key: "gone", offset: 7 })).toEqual({ index: 1, offset: null });
    expect(placeFor([row("1")], null)).toBe("end");
  });
});

describe("anchorIn", () => {
  it("names the first visible row and what of it is above", () => {
    const view = { scrollOffset: 130, findItemIndex: () => 1, getItemOffset: () => 100 };
    expect(anchorIn(view, [row("1"), row("2")])).toEqual({ key: "2", offset: 30 });
    expect(anchorIn(view, [row("1"), row("2")], 20)).toEqual({ key: "2", offset: 10 });
  });
});
