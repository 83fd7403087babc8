/** MEMBER_*, USER_UPDATE, PRESENCE_UPDATE, VOICE_*, READ_STATE_UPDATE: who is there and how. */

import type { InstanceState, ServerState } from "../state";
import type { Id, Member, ReadState, User, VoiceState, WireEvents } from "../wire";
import { drop, put, putAll } from "./records";

export function memberAdded(state: InstanceState, d: WireEvents["MEMBER_ADD"]): InstanceState {
  return withMember(state, d.server_id, d.member, d.seq, { member_count: d.member_count });
}

export function memberUpdated(state: InstanceState, d: WireEvents["MEMBER_UPDATE"]): InstanceState {
  return withMember(state, d.server_id, d.member, d.seq, {});
}

export function memberRemoved(state: InstanceState, { server_id, user_id, member_count, seq }: WireEvents["MEMBER_REMOVE"]): InstanceState {
  const server = state.servers[server_id];
  if (!server) return state;
  const next = { ...server, members: drop(server.members, user_id), memberRows: server.memberRows.filter((id) => id !== user_id), member_count, memberTotal: member_count };
  return { ...state, servers: put(state.servers, server_id, next), heads: put(state.heads, `server:${server_id}`, seq) };
}

/** Rows of the sorted list. A total that changed means that rows moved: those that were not sent again are unknown. */
export function membersChunk(state: InstanceState, d: WireEvents["MEMBERS_CHUNK"]): InstanceState {
  const server = state.servers[d.server_id];
  if (!server) return state;
  const rows: (Id | undefined)[] = Array.from({ length: d.total }, (_, row) => server.memberRows[row]);
  d.members.forEach((member, index) => {
    rows[d.first + index] = member.user.id;
  });
  const listed = d.nonce?.startsWith("rows") ?? true;
  const next: ServerState = {
    ...server,
    members: putAll(server.members, d.members, ({ user }) => user.id),
    ...(listed ? { memberRows: rows, memberTotal: d.total } : {}),
  };
  return {
    ...state,
    servers: put(state.servers, d.server_id, next),
    users: putAll(state.users, d.members.map(({ user }) => user), ({ id }) => id),
    presences: putAll(state.presences, d.presences, ({ user_id }) => user_id),
  };
}

export function userUpdated(state: InstanceState, { user }: WireEvents["USER_UPDATE"]): InstanceState {
  const servers = Object.fromEntries(
    Object.entries(state.servers).map(([id, server]) => {
      const member = server.members[user.id];
      if (!member) return [id, server];
      const changed = { ...member, user };
      return [id, { ...server, members: put(server.members, user.id, changed), me: server.me.user.id === user.id ? changed : server.me }];
    }),
  );
  return { ...state, users: put(state.users, user.id, user), servers, me: state.me?.id === user.id ? { ...state.me, ...user } : state.me };
}

export function presenceUpdated(state: InstanceState, d: WireEvents["PRESENCE_UPDATE"]): InstanceState {
  return { ...state, presences: put(state.presences, d.user_id, d) };
}

/** Each person's states are numbered; an older one than we hold is late and says nothing. Whoever left stays as a number. */
export function voiceStateUpdated(state: InstanceState, { user, ...voice }: VoiceState & { user: User }): InstanceState {
  const held = state.voiceStates[voice.user_id];
  if (held && held.seq >= voice.seq) return state;
  const left = held?.channel_id;
  const speaking = left && left !== voice.channel_id ? silence(state.speaking, left, voice.user_id) : state.speaking;
  return { ...state, users: put(state.users, user.id, user), voiceStates: put(state.voiceStates, voice.user_id, voice), speaking };
}

export function voiceSpeaking(state: InstanceState, { channel_id, user_ids }: WireEvents["VOICE_SPEAKING"]): InstanceState {
  return { ...state, speaking: user_ids.length === 0 ? drop(state.speaking, channel_id) : put(state.speaking, channel_id, user_ids) };
}

export function readStateUpdated(state: InstanceState, read: ReadState): InstanceState {
  return { ...state, readStates: put(state.readStates, read.channel_id, read) };
}

function withMember(state: InstanceState, serverId: Id, member: Member, seq: number, change: { member_count?: number }): InstanceState {
  const server = state.servers[serverId];
  if (!server) return state;
  const mine = server.me.user.id === member.user.id;
  const next = { ...server, ...change, memberTotal: change.member_count ?? server.memberTotal, me: mine ? member : server.me, members: put(server.members, member.user.id, member) };
  return {
    ...state,
    servers: put(state.servers, serverId, next),
    users: put(state.users, member.user.id, member.user),
    heads: put(state.heads, `server:${serverId}`, seq),
  };
}

function silence(speaking: InstanceState["speaking"], channelId: Id, userId: Id): InstanceState["speaking"] {
  const rest = speaking[channelId]?.filter((id) => id !== userId);
  if (!rest) return speaking;
  return rest.length === 0 ? drop(speaking, channelId) : put(speaking, channelId, rest);
}
