/** Lantern Bay, the server of the reference pictures, as the state of an instance. Ids are made up but ordered. */
import { emptyState, permissionBits, type Channel, type InstanceState, type Member, type Message, type Role, type User, type VoiceState } from "../src/client";

const ALL = String(Object.values(permissionBits).reduce((sum, bit) => sum | bit, 0n));
const EVERYONE = String(permissionBits.VIEW_CHANNEL | permissionBits.SEND_MESSAGES | permissionBits.CONNECT | permissionBits.SPEAK | permissionBits.CREATE_INVITE | permissionBits.USE_CAMERA);

const PEOPLE: [id: string, name: string, role: string | null, status: "online" | "idle" | "dnd" | "offline", said?: string][] = [
  ["101", "Mira Aldous", "captain", "online"],
  ["102", "Jonas Bekele", "captain", "online"],
  ["103", "Odile Renaud", "artist", "dnd"],
  ["104", "Tomasz Brandt", "crew", "online"],
  ["105", "Amara Nwosu", "crew", "online"],
  ["106", "Dev Malhotra", "crew", "online", "chasing a shader bug"],
  ["107", "Hana Sato", "crew", "idle"],
  ["108", "Ines Duarte", "crew", "online"],
  ["109", "Leila Haddad", "crew", "idle", "back at six"],
  ["110", "Sofie Lund", "crew", "online"],
  ["111", "Yusuf Demir", "crew", "online", "baking bread, ask me"],
  ["112", "Wren Okafor", "crew", "online", "sanding hulls"],
  ["113", "Kit Arnason", null, "offline"],
  ["114", "Pavel Novak", null, "offline"],
];
export const ME = "112";

const person = (id: string): User => {
  const name = PEOPLE.find(([other]) => other === id)?.[1] ?? "Buildkeeper";
  return { id, username: name.toLowerCase().replace(" ", "."), display_name: name, avatar: null, kind: id === "115" ? "bot" : "person" };
};

const role = (id: string, name: string, hue: number | null, position: number, hoist = true): Role => ({ id, server_id: "1", name, hue, hoist, mentionable: true, position, permissions: EVERYONE });
const ROLES = [role("1", "Everyone", null, 0, false), role("crew", "Crew", null, 1), role("artist", "Artists", 7, 2), role("captain", "Captains", 2, 3)];

const room = (id: string, name: string, type: Channel["type"], parent_id: string | null, position: number, topic = "", last: string | null = null): Channel => ({ id, server_id: "1", type, name, topic, parent_id, position, user_limit: 0, bitrate: 64_000, last_message_id: last, permissions: ALL });
const ROOMS = [
  room("10", "welcome", "text", null, 0),
  room("11", "announcements", "text", null, 1, "", "9001"),
  room("20", "Harbour", "category", null, 2),
  room("21", "general", "text", "20", 0, "", "9002"),
  room("22", "build-log", "text", "20", 1, "What changed, and how it feels under sail", "5009"),
  room("23", "photos", "text", "20", 2, "", "9003"),
  room("24", "tech-help", "text", "20", 3),
  room("25", "quiet-corner", "text", "20", 4),
  room("30", "Rooms", "category", null, 3),
  room("31", "The Galley", "voice", "30", 0, "Drop in, headphones welcome"),
  room("32", "Night watch", "voice", "31", 0),
  room("33", "Chart room", "voice", "30", 1),
];

const day = (hour: number, minute: number) => new Date(2026, 10, 20, hour, minute).toISOString();
const said = (id: string, author: string, at: string, content: string, more: Partial<Message> = {}): Message => ({ id, channel_id: "22", server_id: "1", author: person(author), content, timestamp: at, edited_timestamp: null, nonce: null, mentions: [], mention_everyone: false, referenced_message: null, ...more });

const MESSAGES = [
  said("5001", "101", day(16, 2), "Wind model is merged. Boats lean now instead of sliding."),
  said("5002", "101", day(16, 3), 'All the tuning is in `world/wind.toml`:\n```toml\ngust_every = "40s"    # was 15s, people felt seasick\nshelter    = 0.35     # lee side of islands\n```'),
  said("5003", "103", day(16, 21), "First pass at the lighthouse. The beam is a real light now, so fog finally looks like fog."),
  said("5004", "115", day(16, 30), "**Build 412 passed** in 3 min 08 s"),
  said("5005", "112", day(16, 33), "Lovely.", { edited_timestamp: day(16, 34) }),
  said("5006", "102", day(16, 41), "An hour in and no capsizing. Gusts off Goat Hill feel *right*.", { referenced_message: { id: "5001", author: person("101"), content: "Wind model is merged. Boats lean now instead of sliding." } }),
  said("5007", "104", day(16, 44), "<@112> could you try the Linux build before tonight? Two people saw a black horizon.", { mentions: ["112"] }),
  said("5009", "101", day(16, 52), "See https://talk.lanternbay.example for the chart, and ||no spoilers|| please."),
];

const inVoice = (user_id: string, channel_id: string, more: Partial<VoiceState> = {}): VoiceState => ({ user_id, server_id: "1", channel_id, self_mute: false, self_deaf: false, mute: false, deaf: false, suppress: false, self_video: false, self_stream: false, joined_at: day(15, Number(user_id) - 100), device: "", seq: 1, ...more });

const byId = <Thing extends { id: string }>(things: Thing[]) => Object.fromEntries(things.map((thing) => [thing.id, thing]));

const members: Member[] = PEOPLE.map(([id, , group]) => ({ user: person(id), nick: null, roles: group ? [group] : [], joined_at: day(9, 0) }));
const bot: Member = { user: person("115"), nick: null, roles: [], joined_at: day(9, 0) };

export function bay(origin: string): InstanceState {
  const blank = emptyState(origin);
  const node = (id: string, ...children: InstanceState["trees"][string]) => ({ id, children });
  const rows = ["101", "102", "103", "104", "105", "106", "107", "108", "109", "110", "111", "112", "115", "113", "114"];
  const other = (id: string, name: string) => ({ id, name, icon: null, description: "", owner_id: "101", created_at: day(9, 0), member_count: 12, me: members[11]!, permissions: EVERYONE, roles: {}, members: {}, memberRows: [], memberTotal: 0 });
  return {
    ...blank,
    host: "talk.lanternbay.example",
    link: { phase: "open", lostAt: null, nextAttemptAt: null, attempt: 0, latency: 12 },
    account: { phase: "signed-in", reason: null },
    info: { name: "Lantern Bay", host: "talk.lanternbay.example", version: "0.1.0", registration: "invite", setup_needed: false, secure: true, message_length: 4000, password_length: 10 },
    me: { ...person(ME), email: "wren@lanternbay.example", created_at: day(9, 0), instance_owner: false },
    live: true,
    serverOrder: ["1", "2", "3"],
    servers: {
      "1": { ...other("1", "Lantern Bay"), description: "A small crew building a quiet sailing game, in the open.", member_count: 214, me: { ...members[11]!, joined_at: new Date(0).toISOString() }, permissions: ALL, roles: byId(ROLES), members: Object.fromEntries([...members, bot].map((member) => [member.user.id, member])), memberRows: rows, memberTotal: rows.length },
      "2": other("2", "Kiln and Co"),
      "3": other("3", "Northside Makers"),
    },
    channels: byId(ROOMS),
    trees: {
      "1": [node("10"), node("11"), node("20", node("21"), node("22"), node("23"), node("24"), node("25")), node("30", node("31", node("32")), node("33"))],
      "2": [],
      "3": [],
    },
    users: byId([...members.map(({ user }) => user), bot.user]),
    presences: Object.fromEntries([...PEOPLE.map(([user_id, , , status, words]) => [user_id, { user_id, status, custom_status: words ?? null }] as const), ["115", { user_id: "115", status: "online" as const, custom_status: null }]]),
    voiceStates: Object.fromEntries(
      [inVoice("101", "31"), inVoice("103", "31", { self_stream: true }), inVoice("104", "31", { self_video: true }), inVoice("102", "31", { self_mute: true }), inVoice("112", "31"), inVoice("107", "32", { self_deaf: true, self_mute: true })].map((voice) => [voice.user_id, voice]),
    ),
    speaking: { "31": ["101"] },
    typing: { "22": { "108": Date.now() + 1e6, "104": Date.now() + 1e6 } },
    readStates: Object.fromEntries([["22", "5005", 0], ["23", "5000", 1], ["11", "5000", 0], ["21", "5000", 0]].map(([channel_id, last_message_id, mention_count]) => [channel_id, { channel_id, last_message_id, mention_count }])) as InstanceState["readStates"],
    rooms: {
      "22": { messages: byId(MESSAGES), segments: [{ ids: MESSAGES.map(({ id }) => id), hasOlder: false, hasNewer: false }], view: "tail", loading: { older: false, newer: false, view: false }, error: null, head: 1, stale: false, fresh: [], gone: {} },
      "31": { messages: {}, segments: [{ ids: [], hasOlder: false, hasNewer: false }], view: "tail", loading: { older: false, newer: false, view: false }, error: null, head: 1, stale: false, fresh: [], gone: {} },
      "24": { messages: {}, segments: [{ ids: [], hasOlder: false, hasNewer: false }], view: "tail", loading: { older: false, newer: false, view: false }, error: null, head: 1, stale: false, fresh: [], gone: {} },
    },
    visit: { channelId: "22", dividerAfter: "5005", atBottom: true, goal: null },
  };
}

/** Older history for scroll tests: `count` messages before the bay's own. */
export function olderMessages(count: number, before = 5000): Message[] {
  return Array.from({ length: count }, (_, index) => {
    const id = before - count + index;
    const at = new Date(2026, 10, 19, 8, 0).getTime() + (id - 4000) * 130_000;
    return said(String(id), ["101", "103", "104"][Math.floor(id / 3) % 3]!, new Date(at).toISOString(), `Message ${id}. ${"words of some length ".repeat((id * 7) % 11)}`);
  });
}
