import { describe, expect, it } from "vitest";
import { inviteFrom } from "./InviteModel";

describe("inviteFrom", () => {
  it.each([
    ["https://talk.example/invite/aB-9_x", { token: "aB-9_x", origin: "https://talk.example" }],
    ["talk.example/invite/abcd/", { token: "abcd", origin: "https://talk.example" }],
    ["http://localhost:8080/invite/abcd", { token: "abcd", origin: "http://localhost:8080" }],
    ["  abcd1234 ", { token: "abcd1234", origin: null }],
  ])("reads %j", (pasted, invite) => expect(inviteFrom(pasted)).toMatchObject(invite));

  it.each(["", "https://talk.example/", "https://talk.example/invite/", "two words", "javascript:alert(1)"])("refuses %j", (pasted) => expect(inviteFrom(pasted)).toBeNull());
});
