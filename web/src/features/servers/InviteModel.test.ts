import { describe, expect, it } from "vitest";
import { inviteFrom, placeFrom } from "./InviteModel";

describe("inviteFrom", () => {
  it.each([
    ["https://talk.example/invite/aB-9_x", { token: "aB-9_x", origin: "https://talk.example" }],
    ["talk.example/invite/abcd/", { token: "abcd", origin: "https://talk.example" }],
    ["http://localhost:8080/invite/abcd", { token: "abcd", origin: "http://localhost:8080" }],
    ["hubbub://join/talk.example/aB-9_x", { token: "aB-9_x", origin: "https://talk.example", address: "https://talk.example/invite/aB-9_x" }],
    ["  abcd1234 ", { token: "abcd1234", origin: null }],
  ])("reads %j", (pasted, invite) => expect(inviteFrom(pasted)).toMatchObject(invite));

  it.each(["", "https://talk.example/", "https://talk.example/invite/", "two words", "javascript:alert(1)"])("refuses %j", (pasted) => expect(inviteFrom(pasted)).toBeNull());
});

describe("placeFrom", () => {
  it.each([
    ["talk.example", "https://talk.example"],
    ["https://talk.example/", "https://talk.example"],
    ["talk.example:8443", "https://talk.example:8443"],
    ["localhost:8080", "http://localhost:8080"],
    ["http://127.0.0.1:8080", "http://127.0.0.1:8080"],
  ])("reads %j", (pasted, origin) => expect(placeFrom(pasted)).toBe(origin));

  it.each(["", "abcd1234", "two words", "https://talk.example/invite/", "javascript:alert(1)"])("refuses %j", (pasted) => expect(placeFrom(pasted)).toBeNull());
});
