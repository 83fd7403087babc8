import { describe, expect, it } from "vitest";
import { comboOf, isTyping } from "./ShortcutModel";

const press = (key: string, held: Partial<Record<"ctrlKey" | "metaKey" | "altKey" | "shiftKey", true>> = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held });

describe("comboOf", () => {
  it("names what is held in one order", () => {
    expect(comboOf(press("ArrowUp", { shiftKey: true, altKey: true }))).toBe("Alt+Shift+ArrowUp");
    expect(comboOf(press("k", { metaKey: true }))).toBe("Ctrl+K");
    expect(comboOf(press("M", { ctrlKey: true, shiftKey: true }))).toBe("Ctrl+Shift+M");
    expect(comboOf(press("m"))).toBe("M");
    expect(comboOf(press("F6"))).toBe("F6");
  });
  it("takes a sign as it is, wherever the keyboard has it", () => {
    expect(comboOf(press("/", { ctrlKey: true }))).toBe("Ctrl+/");
    expect(comboOf(press("/", { ctrlKey: true, shiftKey: true }))).toBe("Ctrl+/");
  });
});

describe("isTyping", () => {
  it("knows text fields from other controls", () => {
    const input = document.createElement("input");
    expect(isTyping(input)).toBe(true);
    input.type = "checkbox";
    expect(isTyping(input)).toBe(false);
    expect(isTyping(document.createElement("textarea"))).toBe(true);
    expect(isTyping(document.createElement("button"))).toBe(false);
    expect(isTyping(null)).toBe(false);
  });
});
