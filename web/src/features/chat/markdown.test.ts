import { describe, expect, it } from "vitest";
import { isPlain } from "./markdown";

describe("isPlain", () => {
  it.each(["Hello there.", "3 - 2 = 1, no?", "a (b) c: d; e & f", "👍"])("passes %j through", (text) => expect(isPlain(text)).toBe(true));
  it.each(["**bold**", "see https://x.example", "<@1>", "- a list", "1. a list", "two\nlines", "> quote", "`code`", "\\*"])("leaves %j to the renderer", (text) => expect(isPlain(text)).toBe(false));
});
