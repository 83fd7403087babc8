import { describe, expect, it } from "vitest";
import type { InstanceState } from "@/client";
import { permissionBits } from "@/client";
import { powersOver, roomsToMoveTo } from "./PersonModel";

const all = String(permissionBits.MUTE_MEMBERS | permissionBits.MOVE_MEMBERS | permissionBits.KICK_MEMBERS);

function state({ owner = "boss", permissions = all } = {}): InstanceState {
  const room = (id: string, position: number) => ({ id, server_id: "1", type: "voice", name: `room ${id}`, position, permissions });
  return {
    me: { id: "me" },
    servers: {
      "1": {
        owner_id: owner,
        permissions,
        me: { roles: ["crew"] },
        roles: { crew: { position: 2 }, captain: { position: 3 }, friend: { position: 1 } },
        members: { jonas: { roles: ["captain"] }, kit: { roles: ["friend"] } },
      },
    },
    channels: { "10": room("10", 1), "11": room("11", 0) },
    voiceStates: { jonas: { channel_id: "10", server_id: "1" }, kit: { channel_id: "10", server_id: "1" } },
  } as unknown as InstanceState;
}

describe("powersOver", () => {
  it("follows permissions in the room and rank in the server", () => {
    expect(powersOver(state(), "1", "kit")).toEqual({ mute: true, deafen: false, move: true, disconnect: true, kick: true });
    expect(powersOver(state(), "1", "jonas").kick).toBe(false);
    expect(powersOver(state({ owner: "me" }), "1", "jonas").kick).toBe(true);
  });
  it("gives nothing over yourself, the owner, or without permission", () => {
    for (const powers of [powersOver(state(), "1", "me"), powersOver(state({ owner: "kit" }), "1", "kit"), powersOver(state({ permissions: "0" }), "1", "kit")]) {
      expect(Object.values(powers)).not.toContain(true);
    }
  });
});

describe("roomsToMoveTo", () => {
  it("offers the other voice rooms, in order", () => expect(roomsToMoveTo(state(), "1", "kit").map(({ id }) => id)).toEqual(["11"]));
});
