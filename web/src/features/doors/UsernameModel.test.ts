import { describe, expect, it } from "vitest";
import { anotherUsername, usernameFrom } from "./UsernameModel";

describe("usernameFrom", () => {
  it.each([
    ["Wren Okafor", "wren.okafor"],
    ["  Éva-Marie  Ö ", "eva.marie.o"],
    ["x", ""],
    ["Мира", ""],
    ["a".repeat(40), "a".repeat(32)],
  ])("makes %j into %j", (name, username) => expect(usernameFrom(name)).toBe(username));
});

describe("anotherUsername", () => {
  it("counts on and stays within 32 characters", () => {
    expect(anotherUsername("wren", 1)).toBe("wren2");
    expect(anotherUsername("a".repeat(32), 9)).toHaveLength(32);
  });
});
