import { describe, expect, it } from "vitest";
import { emptyState, type Channel, type InstanceState, type Member, type ServerState } from "@/client";
import { indexOf, search, type ActionEntry } from "./SwitcherModel";

const room = (id: string, name: string, type: Channel["type"] = "text", last: string | null = null) => ({ id, server_id: "1", type, name, topic: "", parent_id: null, position: 0, user_limit: 0, bitrate: 64_000, last_message_id: last, permissions: "0" }) as Channel;
const member = (id: string, name: string) => ({ user: { id, username: name.toLowerCase(), display_name: name, avatar: null, kind: "person" }, nick: null, roles: [], joined_at: "2026-01-01T00:00:00.000Z" }) as Member;

function place(origin: string, server: string, rooms: Channel[], people: Member[] = [], more: Partial<InstanceState> = {}): InstanceState {
  const state = { id: "1", name: server, icon: null, me: member("9", "Wren"), members: Object.fromEntries(people.map((each) => [each.user.id, each])) } as unknown as ServerState;
  return { ...emptyState(origin), serverOrder: ["1"], servers: { "1": state }, channels: Object.fromEntries(rooms.map((each) => [each.id, each])), users: Object.fromEntries(people.map(({ user }) => [user.id, user])), ...more };
}

const settings: ActionEntry = { kind: "action", key: "> sound", id: "sound", name: "Input gain", where: "Your settings" };
const bay = place("https://bay.example", "Lantern Bay", [room("10", "The Galley", "voice"), room("11", "gallery"), room("12", "build-log", "text", "500")], [member("7", "Gabriel Moss")], {
  voiceStates: { "7": { user_id: "7", server_id: "1", channel_id: "10", joined_at: "2026-01-01T00:00:00.000Z" } as never },
});
const kiln = place("https://kiln.example", "Kiln and Co", [room("10", "garden-photos"), room("11", "Café")], [], { readStates: { "10": { channel_id: "10", last_message_id: null, mention_count: 3 } } });
const index = indexOf([bay, kiln], [settings]);
const names = (typed: string, recent: readonly string[] = []) => search(index, typed, recent).map(({ entry }) => entry.name);

describe("search", () => {
  it("finds rooms, people and actions of all instances, beginnings first", () => {
    expect(names("ga")).toEqual(["garden-photos", "gallery", "Gabriel Moss", "The Galley", "Input gain"]);
  });
  it("puts first what was seen last, among equals", () => {
    expect(names("ga", ["https://bay.example 11"])[0]).toBe("gallery");
    expect(names("", ["https://bay.example 12", "https://kiln.example 11"]).slice(0, 2)).toEqual(["build-log", "Café"]);
  });
  it("shows without a word what calls, what is lit and the servers", () => {
    expect(names("")).toEqual(["garden-photos", "The Galley", "Kiln and Co", "Lantern Bay"]);
  });
  it("takes words of the place too, and letters without their marks", () => {
    expect(names("10 kiln")).toEqual([]);
    expect(names("kiln ga")).toEqual(["garden-photos"]);
    expect(names("cafe")).toEqual(["Café"]);
  });
  it("keeps to one kind behind its sign", () => {
    expect(names("@ga")).toEqual(["Gabriel Moss"]);
    expect(names("#ga")).toEqual(["garden-photos", "gallery", "The Galley"]);
    expect(names(">")).toEqual(["Input gain"]);
  });
  it("tells rooms of the same id on two instances apart", () => {
    const keys = search(index, "#", []).map(({ entry }) => entry.key);
    expect(new Set(keys).size).toBe(keys.length);
  });
  it("marks what was asked for, where the letters stand", () => {
    expect(search(index, "gal", []).find(({ entry }) => entry.name === "The Galley")?.marked).toEqual([4, 7]);
  });
  it("says where somebody is", () => {
    expect(search(index, "@gabriel", [])[0]?.entry).toMatchObject({ where: "The Galley", roomId: "10" });
  });
});
