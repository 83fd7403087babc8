import { describe, expect, it } from "vitest";
import { boxAct, charactersLeft } from "./ComposerModel";

const press = (key: string, held = {}) => ({ key, shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, ...held });
const box = { text: "hi", firstLine: true, touch: false, replying: false };

describe("boxAct", () => {
  it("sends on Enter, makes a line on Shift+Enter and on glass", () => {
    expect(boxAct(press("Enter"), box)).toBe("send");
    expect(boxAct(press("Enter", { shiftKey: true }), box)).toBe("newline");
    expect(boxAct(press("Enter"), { ...box, touch: true })).toBe("newline");
    expect(boxAct(press("Enter", { ctrlKey: true }), box)).toBeNull();
  });
  it("goes up: to the last message of yours from an empty box, to the log from the first line", () => {
    expect(boxAct(press("ArrowUp"), { ...box, text: "" })).toBe("edit-last");
    expect(boxAct(press("ArrowUp"), box)).toBe("enter-log");
    expect(boxAct(press("ArrowUp"), { ...box, firstLine: false })).toBeNull();
  });
  it("cancels a reply with Escape, and leaves Escape alone otherwise", () => {
    expect(boxAct(press("Escape"), { ...box, replying: true })).toBe("cancel");
    expect(boxAct(press("Escape"), box)).toBeNull();
  });
});

describe("charactersLeft", () => {
  it("is silent until it matters and counts what a person counts", () => {
    expect(charactersLeft("a".repeat(3800), 4000)).toBeNull();
    expect(charactersLeft("a".repeat(3801), 4000)).toBe(199);
    expect(charactersLeft("👍".repeat(4001), 4000)).toBe(-1);
  });
});
