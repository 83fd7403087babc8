import { describe, expect, it } from "vitest";
import { keyFromAddress, keyFromPaste, passwordVerdict } from "./SetupModel";

describe("the owner key", () => {
  it.each([
    [{ hash: "#abc", search: "" }, "abc"],
    [{ hash: "#token=abc", search: "" }, "abc"],
    [{ hash: "", search: "?token=abc" }, "abc"],
    [{ hash: "", search: "" }, ""],
  ])("is read from %j", (address, key) => expect(keyFromAddress(address)).toBe(key));

  it("may be pasted alone or as the whole link", () => {
    expect(keyFromPaste("  abc ")).toBe("abc");
    expect(keyFromPaste("https://house.example/setup?token=abc")).toBe("abc");
  });
});

describe("passwordVerdict", () => {
  it.each([
    ["", "empty"],
    ["short", "short"],
    ["ten.chars.", "fair"],
    ["correct horse bat", "good"],
  ])("finds %j %s", (password, verdict) => expect(passwordVerdict(password, 10)).toBe(verdict));
});
