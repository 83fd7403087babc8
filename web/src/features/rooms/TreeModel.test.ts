import { describe, expect, it } from "vitest";
import type { ChannelNode } from "@/client";
import { homesFor, peopleShown, roomBeside, roomsInOrder, siblingsOf } from "./TreeModel";

const leaf = (id: string, ...children: ChannelNode[]): ChannelNode => ({ id, children });
const tree = [leaf("10", leaf("12", leaf("13")), leaf("11")), leaf("14"), leaf("9")];
const channels = Object.fromEntries(["9", "10", "11", "12", "13", "14"].map((id) => [id, { type: id === "10" ? ("category" as const) : ("text" as const) }]));

describe("walking", () => {
  const order = roomsInOrder(tree, channels);
  it("lists what can be opened, loose rooms first", () => expect(order).toEqual(["14", "9", "12", "13", "11"]));
  it("steps and wraps", () => {
    expect(roomBeside(order, "11", 1)).toBe("14");
    expect(roomBeside(order, "14", -1)).toBe("11");
    expect(roomBeside(order, undefined, 1)).toBe("14");
    expect(roomBeside(order, "9", 1, (id) => id === "11")).toBe("11");
    expect(roomBeside(order, "9", 1, () => false)).toBeUndefined();
    expect(roomBeside([], undefined, 1)).toBeUndefined();
  });
});

describe("moving", () => {
  it("never offers a room its own subtree", () => {
    expect(homesFor(tree, "12").map((home) => home.id)).toEqual(["10", "11", "14", "9"]);
  });
  it("finds siblings at any depth", () => {
    expect(siblingsOf(tree, "11")).toEqual(["12", "11"]);
    expect(siblingsOf(tree, "404")).toEqual([]);
  });
});

describe("peopleShown", () => {
  const people = Array.from({ length: 19 }, (_, index) => index);
  it("shows eight, folds nineteen to seven", () => {
    expect(peopleShown(people.slice(0, 8), false)).toMatchObject({ more: 0 });
    expect(peopleShown(people, false)).toMatchObject({ shown: people.slice(0, 7), more: 12 });
    expect(peopleShown(people, true).shown).toHaveLength(19);
  });
});
