import { beforeEach, describe, expect, it } from "vitest";
import { allowSingleKeys, isSingle, SHORTCUTS, shortcutFor, tipOf, type Shortcut } from "./keys";

beforeEach(() => allowSingleKeys(true));

describe("the table of shortcuts", () => {
  it("gives no key two meanings in one place, nor one that the window takes first", () => {
    const taken = Object.values<Shortcut>(SHORTCUTS).flatMap(({ where, keys }) => keys.map((key) => ({ where, key })));
    for (const { where, key } of taken) expect(taken.filter((other) => other.key === key && (other.where === where || (other.where === "anywhere" && where !== "box")))).toHaveLength(1);
  });
  it("finds what was pressed, and which of its keys", () => {
    expect(shortcutFor("anywhere", "Alt+ArrowDown")).toEqual({ id: "room", at: 1 });
    expect(shortcutFor("call", "Ctrl+Shift+M")).toEqual({ id: "mute", at: 1 });
    expect(shortcutFor("anywhere", "M")).toBeNull();
    expect(shortcutFor("message", "R")?.id).toBe("reply");
  });
  it("lets single letters act in calls and on messages only", () => {
    for (const { where, keys } of Object.values<Shortcut>(SHORTCUTS)) if (keys.some(isSingle)) expect(["call", "message"]).toContain(where);
  });
  it("tips the key that works: the long one while single keys are off", () => {
    expect(tipOf("mute")).toBe("M");
    allowSingleKeys(false);
    expect(tipOf("mute")).toBe("Ctrl+Shift+M");
    expect(tipOf("reply")).toBe("R");
  });
});
