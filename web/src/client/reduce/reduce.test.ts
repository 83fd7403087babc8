import { describe, expect, test } from "vitest";

import { isUnread, mentionCount, nameOf, rosterOf, serverMentions, serverUnread, typingIn } from "../selectors";
import { emptyState, type InstanceState } from "../state";
import { channel, instant, me, member, message, readyWith, role, server, user, voice } from "../testing/things";
import type { GatewayEvent, Server } from "../wire";
import { reduce } from "./index";
import { typingExpired } from "./messages";
import { applyPage, emptyRoom } from "./windows";

const now = 1_000_000;

function started(servers: readonly Server[] = [server()]): InstanceState {
  return reduce(emptyState("https://bay.example"), { t: "READY", d: readyWith(servers) }, now);
}

function after(state: InstanceState, ...events: GatewayEvent[]): InstanceState {
  return events.reduce((held, event) => reduce(held, event, now), state);
}

/** What READY states, without what only time on the spot can know. */
function stated({ me: self, servers, channels, trees, serverOrder, voiceStates, readStates, heads }: InstanceState): unknown {
  const bare = Object.fromEntries(Object.entries(servers).map(([id, { members: _m, memberRows: _r, ...rest }]) => [id, rest]));
  const present = Object.values(voiceStates).filter((state) => state.channel_id !== null);
  return { self, servers: bare, channels, trees, serverOrder, present, readStates, heads };
}

function created(id: number, change: Parameters<typeof message>[1] = {}, seq = id): GatewayEvent {
  return { t: "MESSAGE_CREATE", d: { server_id: "100", channel_id: "10", message: message(id, change), seq } };
}

describe("old state and events give the state of a fresh READY", () => {
  const category = channel("12", { type: "category", position: 2 });
  const nested = channel("13", { parent_id: "12", type: "voice" });
  const moved = channel("11", { parent_id: "12", position: 1, name: "moved" });
  const captain = role("101", { hue: 3, position: 5 });

  test("rooms, roles, members, voice, permissions", () => {
    const lived = after(
      started(),
      { t: "CHANNEL_CREATE", d: { channel: category, seq: 1 } },
      { t: "CHANNEL_CREATE", d: { channel: nested, seq: 2 } },
      { t: "CHANNEL_UPDATE", d: { channel: moved, seq: 3 } },
      { t: "ROLE_UPDATE", d: { role: captain, seq: 4 } },
      { t: "MEMBER_UPDATE", d: { server_id: "100", member: member("1", { roles: ["101"] }), seq: 5 } },
      { t: "PERMISSIONS_UPDATE", d: { server_id: "100", permissions: "8", channels: { "10": "8" } } },
      { t: "MEMBER_ADD", d: { server_id: "100", member: member("5"), member_count: 3, seq: 6 } },
      { t: "VOICE_STATE_UPDATE", d: { ...voice("2", "13"), user: user("2") } },
      { t: "VOICE_STATE_UPDATE", d: { ...voice("3", "13"), user: user("3") } },
      { t: "VOICE_STATE_UPDATE", d: { ...voice("3", null, { seq: 2 }), user: user("3") } },
      { t: "SERVER_UPDATE", d: { server: { id: "100", name: "Bay", icon: null, description: "d", owner_id: "2", created_at: instant, member_count: 3 }, seq: 7 } },
    );
    const fresh = started([
      server({
        name: "Bay",
        description: "d",
        member_count: 3,
        permissions: "8",
        channels: [channel("10", { permissions: "8" }), moved, category, nested],
        roles: [role("100"), captain],
        me: member("1", { roles: ["101"] }),
        voice_states: [voice("2", "13")],
        heads: { "server:100": 7 },
      }),
    ]);
    expect(stated(lived)).toEqual(stated(fresh));
  });

  test("a server that comes and goes leaves nothing behind", () => {
    const other = server({ id: "200", channels: [channel("20", { server_id: "200" })], roles: [], heads: { "channel:20": 4 } });
    const lived = after(
      started(),
      { t: "SERVER_CREATE", d: { server: other } },
      { t: "VOICE_STATE_UPDATE", d: { ...voice("2", "20", { server_id: "200" }), user: user("2") } },
      { t: "SERVER_DELETE", d: { server_id: "200", reason: "kicked" } },
    );
    expect(stated(lived)).toEqual(stated(started()));
  });

  test("rooms are nested, sorted by position, and an unseen parent puts them at the root", () => {
    const { trees } = started([server({ channels: [channel("10", { position: 1 }), channel("11", { parent_id: "99", position: 0 }), category, nested] })]);
    expect(trees["100"]).toEqual([
      { id: "11", children: [] },
      { id: "10", children: [] },
      { id: "12", children: [{ id: "13", children: [] }] },
    ]);
  });

  test("a deleted role leaves its bearers", () => {
    const state = after(started([server({ roles: [captain], me: member("1", { roles: ["101"] }) })]), { t: "ROLE_DELETE", d: { server_id: "100", role_id: "101", seq: 1 } });
    expect(state.servers["100"]).toMatchObject({ roles: {}, me: { roles: [] } });
  });

  test("an event of a newer server changes nothing", () => {
    const state = started();
    expect(reduce(state, { t: "COMET_SEEN", d: {} } as never, now)).toBe(state);
  });
});

describe("unread and mentions", () => {
  test("a message makes the room and its server unread; reading it ends that", () => {
    const unread = after(started(), { t: "READ_STATE_UPDATE", d: { channel_id: "10", last_message_id: "49", mention_count: 0 } }, created(50));
    expect([isUnread(unread, "10"), serverUnread(unread, "100"), isUnread(unread, "11")]).toEqual([true, true, false]);
    const read = after(unread, { t: "READ_STATE_UPDATE", d: { channel_id: "10", last_message_id: "50", mention_count: 0 } });
    expect([isUnread(read, "10"), serverUnread(read, "100")]).toEqual([false, false]);
  });

  test("ids compare as numbers, not as text or doubles", () => {
    const state = after(
      started(),
      { t: "READ_STATE_UPDATE", d: { channel_id: "10", last_message_id: "9007199254740993", mention_count: 0 } },
      created(0, { id: "9007199254740992" }),
    );
    expect(isUnread(state, "10")).toBe(false);
    expect(isUnread(after(state, created(1, { id: "10007199254740992" })), "10")).toBe(true);
  });

  test.each([
    ["you by name", { mentions: ["1"] }, 1],
    ["everybody", { mention_everyone: true }, 1],
    ["a role of yours", { mentions: ["101"] }, 1],
    ["somebody else", { mentions: ["7"] }, 0],
    ["you by yourself", { mentions: ["1"], author: user("1") }, 0],
  ])("%s", (_, change, count) => {
    const state = after(started([server({ me: member("1", { roles: ["101"] }) })]), created(50, change));
    expect([mentionCount(state, "10"), serverMentions(state, "100")]).toEqual([count, count]);
  });

  test("your own message reads the room", () => {
    const state = after(started(), created(50, { mentions: ["1"] }), created(51, { author: user("1") }));
    expect([isUnread(state, "10"), mentionCount(state, "10")]).toEqual([false, 0]);
  });

  test("a room without a mark is read up to the day you joined", () => {
    const early = (BigInt(Date.parse(instant) - 1_420_070_400_000 - 1000) << 22n).toString();
    const late = (BigInt(Date.parse(instant) - 1_420_070_400_000 + 1000) << 22n).toString();
    const state = started([server({ channels: [channel("10", { last_message_id: early }), channel("11", { last_message_id: late })] })]);
    expect([isUnread(state, "10"), isUnread(state, "11")]).toEqual([false, true]);
  });
});

describe("messages in rooms", () => {
  const opened = (head: number | null): InstanceState => {
    const state = started([server({ heads: { "channel:10": 5 } })]);
    const room = applyPage(emptyRoom(), { query: { kind: "tail" }, limit: 50, messages: [message(1)] });
    return { ...state, rooms: { "10": { ...room, head, stale: false } } };
  };

  test("a confirmed message takes the place of the pending one by nonce", () => {
    const pending = { nonce: "n1", channelId: "10", content: "a", replyTo: null, createdAt: 0, phase: "sending", problem: null } as const;
    const state = { ...opened(5), outbox: { "10": [pending, { ...pending, nonce: "n2" }] } };
    const next = after(state, created(60, { nonce: "n1", author: user("1") }, 6));
    expect(next.outbox["10"]?.map(({ nonce }) => nonce)).toEqual(["n2"]);
    expect(next.rooms["10"]).toMatchObject({ head: 6, segments: [{ ids: ["1", "60"] }] });
    expect(after(state, created(60, { nonce: "n1", author: user("2") }, 6)).outbox["10"]).toHaveLength(2);
  });

  test("an unchanged head keeps the window, another one makes it old", () => {
    const again = (head: number) => after(opened(5), { t: "READY", d: readyWith([server({ heads: { "channel:10": head } })]) }).rooms["10"];
    expect(again(5)).toMatchObject({ stale: false, head: 5 });
    expect(again(9)).toMatchObject({ stale: true, segments: [{ ids: ["1"] }] });
  });

  test("an old window does not pass for a new one because of one more event", () => {
    const old = after(opened(4), { t: "READY", d: readyWith([server({ heads: { "channel:10": 9 } })]) });
    expect(after(old, created(60, {}, 10)).rooms["10"]).toMatchObject({ stale: true, head: 4 });
  });

  test("a deleted room takes its window, marks and people along", () => {
    const state = after(opened(5), { t: "VOICE_STATE_UPDATE", d: { ...voice("2", "10"), user: user("2") } }, { t: "CHANNEL_DELETE", d: { server_id: "100", channel_id: "10", seq: 1 } });
    expect([state.rooms["10"], state.channels["10"], rosterOf(state, "10").length, state.trees["100"]?.length]).toEqual([undefined, undefined, 0, 1]);
  });
});

describe("people", () => {
  test("a late voice state says nothing", () => {
    const state = after(started(), { t: "VOICE_STATE_UPDATE", d: { ...voice("2", null, { seq: 5 }), user: user("2") } }, { t: "VOICE_STATE_UPDATE", d: { ...voice("2", "11", { seq: 4 }), user: user("2") } });
    expect(rosterOf(state, "11")).toEqual([]);
  });

  test("people stand in the order they came", () => {
    const state = after(
      started(),
      { t: "VOICE_STATE_UPDATE", d: { ...voice("3", "11", { joined_at: "2026-11-21T12:00:02.000Z" }), user: user("3") } },
      { t: "VOICE_STATE_UPDATE", d: { ...voice("2", "11", { joined_at: "2026-11-21T12:00:01.000Z" }), user: user("2") } },
    );
    expect(rosterOf(state, "11").map(({ user_id }) => user_id)).toEqual(["2", "3"]);
    expect(rosterOf(state, "11")).toBe(rosterOf(state, "11"));
  });

  test("who leaves a room no longer speaks in it", () => {
    const state = after(
      started(),
      { t: "VOICE_STATE_UPDATE", d: { ...voice("2", "11"), user: user("2") } },
      { t: "VOICE_SPEAKING", d: { server_id: "100", channel_id: "11", user_ids: ["2", "3"] } },
      { t: "VOICE_STATE_UPDATE", d: { ...voice("2", null, { seq: 2 }), user: user("2") } },
    );
    expect(state.speaking["11"]).toEqual(["3"]);
  });

  test("typing ends by itself after 8 s and with a message at once", () => {
    const typing = { t: "TYPING_START", d: { server_id: "100", channel_id: "10", user_id: "2", timestamp: instant } } as const;
    const state = after(started(), typing);
    expect(typingIn(state, "10")).toEqual(["2"]);
    expect(typingExpired(state, now + 7_999)).toBe(state);
    expect(typingIn(typingExpired(state, now + 8_000), "10")).toEqual([]);
    expect(typingIn(after(state, created(50)), "10")).toEqual([]);
    expect(typingIn(after(state, { ...typing, d: { ...typing.d, user_id: "1" } }), "10")).toEqual(["2"]);
  });

  test("rows of the member list come in pieces", () => {
    const chunk = (first: number, ids: string[], total: number): GatewayEvent => ({
      t: "MEMBERS_CHUNK",
      d: { server_id: "100", first, total, members: ids.map((id) => member(id)), presences: [], nonce: "rows" },
    });
    const state = after(started(), chunk(0, ["1", "2"], 4), chunk(3, ["5"], 4));
    expect(state.servers["100"]?.memberRows).toEqual(["1", "2", undefined, "5"]);
    expect(after(state, chunk(0, ["1"], 3)).servers["100"]?.memberTotal).toBe(3);
    expect(nameOf(state, "5")).toBe("User 5");
  });

  test("a new name shows everywhere", () => {
    const state = after(started(), { t: "USER_UPDATE", d: { user: { ...user("1"), display_name: "Ada" } } });
    expect([state.me?.display_name, nameOf(state, "1"), state.servers["100"]?.me.user.display_name]).toEqual(["Ada", "Ada", "Ada"]);
    expect(me().display_name).toBe("User 1");
  });
});

describe("the list of mentions", () => {
  const listed = (state: InstanceState) => state.mentions?.messages.map(({ id }) => id);
  const held = { ...started(), mentions: { messages: [message(5, { mentions: ["1"] })], hasOlder: true } };
  const edited = (id: number, change: Parameters<typeof message>[1]): GatewayEvent => ({ t: "MESSAGE_UPDATE", d: { server_id: "100", channel_id: "10", message_id: String(id), content: "", message: message(id, change), seq: 20 } });

  test("grows by what calls you, newest first, and by nothing else", () => {
    const lived = after(held, created(6), created(7, { mentions: ["1"] }), created(8, { mention_everyone: true }), created(9, { author: user("1"), mentions: ["1"] }));
    expect(listed(lived)).toEqual([message(8).id, message(7).id, message(5).id]);
  });
  test("follows edits and deletions", () => {
    expect(listed(after(held, edited(5, {})))).toEqual([]);
    expect(listed(after(held, edited(6, { mentions: ["1"] })))).toEqual([message(6).id, message(5).id]);
    expect(listed(after(held, edited(4, { mentions: ["1"] })))).toEqual([message(5).id]);
    expect(listed(after(held, { t: "MESSAGE_DELETE", d: { server_id: "100", channel_id: "10", message_id: message(5).id, seq: 20 } }))).toEqual([]);
  });
  test("stays unknown until it was asked for", () => {
    expect(after(started(), created(7, { mentions: ["1"] })).mentions).toBeNull();
  });
});
