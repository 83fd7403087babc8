/** Small whole things of the wire for tests. */

import type { Channel, Me, Member, Message, Ready, Role, Server, User, VoiceState } from "../wire";

export const instant = "2026-11-21T12:00:00.000Z";

export function user(id: string): User {
  return { id, username: `user${id}`, display_name: `User ${id}`, avatar: null, kind: "person" };
}

export function me(id = "1"): Me {
  return { ...user(id), email: null, created_at: instant, instance_owner: false };
}

export function message(id: string | number, change: Partial<Message> = {}): Message {
  return {
    id: String(id),
    channel_id: "10",
    server_id: "100",
    author: user("2"),
    content: `message ${id}`,
    timestamp: instant,
    edited_timestamp: null,
    nonce: null,
    mentions: [],
    mention_everyone: false,
    referenced_message: null,
    ...change,
  };
}

export function channel(id: string, change: Partial<Channel> = {}): Channel {
  return {
    id,
    server_id: "100",
    type: "text",
    name: `room ${id}`,
    topic: "",
    parent_id: null,
    position: 0,
    user_limit: 0,
    bitrate: 64_000,
    last_message_id: null,
    permissions: "0",
    ...change,
  };
}

export function member(id: string, change: Partial<Member> = {}): Member {
  return { user: user(id), nick: null, roles: [], joined_at: instant, ...change };
}

export function role(id: string, change: Partial<Role> = {}): Role {
  return { id, server_id: "100", name: `role ${id}`, hue: null, hoist: false, mentionable: false, position: 0, permissions: "0", ...change };
}

export function voice(userId: string, channelId: string | null, change: Partial<VoiceState> = {}): VoiceState {
  return {
    user_id: userId,
    server_id: "100",
    channel_id: channelId,
    self_mute: false,
    self_deaf: false,
    mute: false,
    deaf: false,
    suppress: false,
    self_video: false,
    self_stream: false,
    device: "this",
    joined_at: instant,
    seq: 1,
    ...change,
  };
}

export function server(change: Partial<Server> = {}): Server {
  return {
    id: "100",
    name: "Lantern Bay",
    icon: null,
    description: "",
    owner_id: "2",
    created_at: instant,
    member_count: 2,
    channels: [channel("10"), channel("11", { position: 1 })],
    roles: [role("100")],
    me: member("1"),
    permissions: "0",
    voice_states: [],
    heads: {},
    ...change,
  };
}

export function readyWith(servers: readonly Server[], change: Partial<Ready> = {}): Ready {
  return {
    session_id: "s",
    user: me(),
    instance: {
      name: "Bay",
      host: "bay.example",
      version: "1",
      registration: "invite",
      setup_needed: false,
      secure: true,
      message_length: 4_000,
      password_length: 8,
    },
    settings: {},
    servers: [...servers],
    direct_channels: [],
    read_states: [],
    presences: [],
    users: [],
    ...change,
  };
}
