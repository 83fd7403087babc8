import { describe, expect, it } from "vitest";
import { hueOf, initialOf } from "./hue";

describe("hueOf", () => {
  it("is stable and within the eight hues", () => {
    for (const id of ["1", "184467440737095516", "", "é"]) {
      expect(hueOf(id)).toBe(hueOf(id));
      expect(hueOf(id)).toBeGreaterThanOrEqual(1);
      expect(hueOf(id)).toBeLessThanOrEqual(8);
    }
  });
});

describe("initialOf", () => {
  it.each([
    ["mira", "M"],
    ["  éva", "É"],
    ["👩‍🚀 crew", "👩‍🚀"],
    ["", "?"],
  ])("takes the first letter of %j", (name, initial) => {
    expect(initialOf(name)).toBe(initial);
  });
});
