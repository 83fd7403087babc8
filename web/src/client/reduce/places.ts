/** READY, SERVER_*, CHANNEL_*, ROLE_*, PERMISSIONS_UPDATE: what there is and what you may. */

import type { InstanceState, RoomState, ServerState } from "../state";
import type { Channel, Id, Me, Ready, Server, WireEvents } from "../wire";
import { byKey, drop, keep, put, putAll } from "./records";
import { samePlaces, treeOf } from "./tree";

/** Everything the gateway states replaces what was known; windows stay and are marked old where their head differs. */
export function ready(state: InstanceState, d: Ready): InstanceState {
  const channels = byKey([...d.servers.flatMap((server) => server.channels), ...d.direct_channels], ({ id }) => id);
  const heads = Object.assign({}, ...d.servers.map((server) => server.heads)) as Record<string, number>;
  const voice = d.servers.flatMap((server) => server.voice_states);
  return {
    ...state,
    me: d.user,
    info: d.instance,
    live: true,
    serverOrder: d.servers.map(({ id }) => id),
    servers: byKey(d.servers.map((server) => toServer(server, state.servers[server.id])), ({ id }) => id),
    channels,
    trees: Object.fromEntries(d.servers.map((server) => [server.id, treeOf(server.channels)])),
    directOrder: d.direct_channels.map(({ id }) => id),
    users: { ...state.users, ...byKey([d.user as Me, ...d.users, ...d.servers.map(({ me }) => me.user)], ({ id }) => id) },
    presences: byKey(d.presences, ({ user_id }) => user_id),
    voiceStates: byKey(voice, ({ user_id }) => user_id),
    speaking: {},
    typing: {},
    readStates: byKey(d.read_states, ({ channel_id }) => channel_id),
    heads,
    rooms: doubted(keep(state.rooms, (_, id) => id in channels), heads, Object.keys(channels)),
  };
}

export function serverCreated(state: InstanceState, { server }: WireEvents["SERVER_CREATE"]): InstanceState {
  const rest = keep(state.channels, (channel) => channel.server_id !== server.id);
  const voices = keep(state.voiceStates, (voice) => voice.server_id !== server.id);
  return {
    ...state,
    serverOrder: state.serverOrder.includes(server.id) ? state.serverOrder : [...state.serverOrder, server.id],
    servers: put(state.servers, server.id, toServer(server, state.servers[server.id])),
    channels: putAll(rest, server.channels, ({ id }) => id),
    trees: put(state.trees, server.id, treeOf(server.channels)),
    users: put(state.users, server.me.user.id, server.me.user),
    voiceStates: putAll(voices, server.voice_states, ({ user_id }) => user_id),
    heads: { ...state.heads, ...server.heads },
    rooms: doubted(state.rooms, server.heads, server.channels.map(({ id }) => id)),
  };
}

export function serverUpdated(state: InstanceState, { server, seq }: WireEvents["SERVER_UPDATE"]): InstanceState {
  const held = state.servers[server.id];
  if (!held) return state;
  return { ...state, servers: put(state.servers, server.id, { ...held, ...server }), heads: serverHead(state, server.id, seq) };
}

export function serverDeleted(state: InstanceState, { server_id }: WireEvents["SERVER_DELETE"]): InstanceState {
  const stays = (id: Id) => state.channels[id]?.server_id !== server_id;
  return {
    ...state,
    serverOrder: state.serverOrder.filter((id) => id !== server_id),
    servers: drop(state.servers, server_id),
    trees: drop(state.trees, server_id),
    channels: keep(state.channels, (channel) => channel.server_id !== server_id),
    rooms: keep(state.rooms, (_, id) => stays(id)),
    readStates: keep(state.readStates, (_, id) => stays(id)),
    typing: keep(state.typing, (_, id) => stays(id)),
    speaking: keep(state.speaking, (_, id) => stays(id)),
    voiceStates: keep(state.voiceStates, (voice) => voice.server_id !== server_id),
    heads: keep(state.heads, (_, stream) => stream !== `server:${server_id}` && stays(stream.slice("channel:".length))),
    visit: state.visit && stays(state.visit.channelId) ? state.visit : null,
  };
}

/** Made, changed, or newly visible. */
export function channelPut(state: InstanceState, { channel, seq }: WireEvents["CHANNEL_UPDATE"]): InstanceState {
  return { ...withChannel(state, channel), heads: serverHead(state, channel.server_id, seq) };
}

export function channelDeleted(state: InstanceState, { channel_id, server_id, seq }: WireEvents["CHANNEL_DELETE"]): InstanceState {
  const channels = drop(state.channels, channel_id);
  return {
    ...state,
    channels,
    trees: replanted(state, channels, server_id),
    rooms: drop(state.rooms, channel_id),
    readStates: drop(state.readStates, channel_id),
    typing: drop(state.typing, channel_id),
    speaking: drop(state.speaking, channel_id),
    voiceStates: keep(state.voiceStates, (voice) => voice.channel_id !== channel_id),
    heads: drop(serverHead(state, server_id, seq), `channel:${channel_id}`),
    visit: state.visit?.channelId === channel_id ? null : state.visit,
  };
}

export function roleUpdated(state: InstanceState, { role, seq }: WireEvents["ROLE_UPDATE"]): InstanceState {
  const server = state.servers[role.server_id];
  if (!server) return state;
  return { ...state, servers: put(state.servers, server.id, { ...server, roles: put(server.roles, role.id, role) }), heads: serverHead(state, server.id, seq) };
}

export function roleDeleted(state: InstanceState, { server_id, role_id, seq }: WireEvents["ROLE_DELETE"]): InstanceState {
  const server = state.servers[server_id];
  if (!server) return state;
  const without = <T extends { roles: readonly Id[] }>(member: T): T => (member.roles.includes(role_id) ? { ...member, roles: member.roles.filter((id) => id !== role_id) } : member);
  const members = Object.fromEntries(Object.entries(server.members).map(([id, member]) => [id, without(member)]));
  const next = { ...server, roles: drop(server.roles, role_id), members, me: without(server.me) };
  return { ...state, servers: put(state.servers, server_id, next), heads: serverHead(state, server_id, seq) };
}

export function permissionsUpdated(state: InstanceState, d: WireEvents["PERMISSIONS_UPDATE"]): InstanceState {
  const server = state.servers[d.server_id];
  let channels = state.channels;
  for (const [id, permissions] of Object.entries(d.channels)) {
    const channel = channels[id];
    if (channel && channel.permissions !== permissions) channels = put(channels, id, { ...channel, permissions });
  }
  return { ...state, channels, servers: server ? put(state.servers, server.id, { ...server, permissions: d.permissions }) : state.servers };
}

/** A room as it now is, its tree replanted when it moved; also for optimistic changes. */
export function withChannel(state: InstanceState, channel: Channel): InstanceState {
  const held = state.channels[channel.id];
  const channels = put(state.channels, channel.id, channel);
  return { ...state, channels, trees: held && samePlaces(held, channel) ? state.trees : replanted(state, channels, channel.server_id) };
}

function replanted(state: InstanceState, channels: InstanceState["channels"], serverId: Id): InstanceState["trees"] {
  return put(state.trees, serverId, treeOf(Object.values(channels).filter((channel) => channel.server_id === serverId)));
}

/** Members seen before stay on the screen; what is shown of them is asked for again. */
function toServer({ channels: _c, voice_states: _v, heads: _h, roles, ...server }: Server, held: ServerState | undefined): ServerState {
  return {
    ...server,
    roles: byKey(roles, ({ id }) => id),
    members: put(held?.members ?? {}, server.me.user.id, server.me),
    memberRows: held?.memberRows ?? [],
    memberTotal: server.member_count,
  };
}

function serverHead(state: InstanceState, serverId: Id, seq: number): InstanceState["heads"] {
  return put(state.heads, `server:${serverId}`, seq);
}

/** Where a stream's head is not the one that the window reflects, the window is old. A stream without a head has no events yet. */
function doubted(rooms: InstanceState["rooms"], heads: Readonly<Record<string, number>>, channelIds: Iterable<Id>): InstanceState["rooms"] {
  const next: Record<Id, RoomState> = { ...rooms };
  for (const id of channelIds) {
    const room = rooms[id];
    if (room) next[id] = { ...room, stale: room.head !== (heads[`channel:${id}`] ?? 0) };
  }
  return next;
}
