import { describe, expect, it } from "vitest";
import type { InstanceState } from "@/client";
import { memberRows, rangeOf } from "./MembersModel";

const role = (id: string, position: number, hoist: boolean) => ({ id, server_id: "1", name: id, hue: null, hoist, mentionable: false, position, permissions: "0" });
const member = (...roles: string[]) => ({ roles });
const state = (memberIds: (string | undefined)[], total = memberIds.length) =>
  ({
    servers: {
      "1": {
        roles: { crew: role("crew", 1, true), captain: role("captain", 2, true), plain: role("plain", 9, false) },
        members: { mira: member("crew", "captain"), tomasz: member("crew"), amara: member("plain"), kit: member("captain") },
        memberRows: memberIds,
        memberTotal: total,
      },
    },
    presences: Object.fromEntries([["mira", "online"], ["tomasz", "dnd"], ["amara", "idle"]].map(([id, status]) => [id, { status }])),
  }) as unknown as InstanceState;

const shape = (rows: ReturnType<typeof memberRows>) => rows.map((row) => (row.kind === "heading" ? `${row.group} ${row.count}` : row.kind === "gap" ? "·" : row.id));

describe("memberRows", () => {
  it("puts a heading with a count where the group changes", () => {
    expect(shape(memberRows(state(["mira", "tomasz", "amara", "kit"]), "1"))).toEqual(["captain 1", "mira", "crew 1", "tomasz", "online 1", "amara", "offline 1", "kit"]);
  });
  it("leaves gaps for what did not arrive, and no count where it would lie", () => {
    expect(shape(memberRows(state(["mira", undefined], 3), "1"))).toEqual(["captain null", "mira", "·", "·"]);
  });
  it("has nothing to say about an unknown server", () => expect(memberRows(state([]), "2")).toEqual([]));
});

describe("rangeOf", () => {
  it("gives list indexes, not row indexes", () => {
    const rows = memberRows(state(["mira", "tomasz", "amara", "kit"]), "1");
    expect(rangeOf(rows, 0, 3)).toEqual([0, 1]);
    expect(rangeOf(rows, 0, 0)).toBeNull();
  });
});
