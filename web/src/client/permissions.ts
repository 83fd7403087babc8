/** Names of the permission bits that screens ask about. Discord's positions; ours count down from 62. Deciding is the server's. */

import type { InstanceState } from "./state";
import type { Id } from "./wire";

export const permissionBits = {
  CREATE_INVITE: 1n << 0n,
  KICK_MEMBERS: 1n << 1n,
  BAN_MEMBERS: 1n << 2n,
  ADMINISTRATOR: 1n << 3n,
  MANAGE_CHANNELS: 1n << 4n,
  MANAGE_SERVER: 1n << 5n,
  ADD_REACTIONS: 1n << 6n,
  STREAM: 1n << 9n,
  VIEW_CHANNEL: 1n << 10n,
  SEND_MESSAGES: 1n << 11n,
  MANAGE_MESSAGES: 1n << 13n,
  ATTACH_FILES: 1n << 15n,
  READ_MESSAGE_HISTORY: 1n << 16n,
  MENTION_EVERYONE: 1n << 17n,
  CONNECT: 1n << 20n,
  SPEAK: 1n << 21n,
  MUTE_MEMBERS: 1n << 22n,
  DEAFEN_MEMBERS: 1n << 23n,
  MOVE_MEMBERS: 1n << 24n,
  USE_VAD: 1n << 25n,
  CHANGE_NICKNAME: 1n << 26n,
  MANAGE_NICKNAMES: 1n << 27n,
  MANAGE_ROLES: 1n << 28n,
  CONNECT_SERVER: 1n << 61n,
  USE_CAMERA: 1n << 62n,
} as const;

export type Permission = keyof typeof permissionBits;

function holds(bits: string | undefined, permission: Permission): boolean {
  if (bits === undefined) return false;
  const held = BigInt(bits);
  return (held & permissionBits.ADMINISTRATOR) !== 0n || (held & permissionBits[permission]) !== 0n;
}

/** Whether you may, in a room. The server sends rooms' permissions resolved, so nothing is computed here. */
export function canInRoom(state: InstanceState, channelId: Id, permission: Permission): boolean {
  return holds(state.channels[channelId]?.permissions, permission);
}

export function canInServer(state: InstanceState, serverId: Id, permission: Permission): boolean {
  const server = state.servers[serverId];
  return server !== undefined && (server.owner_id === state.me?.id || holds(server.permissions, permission));
}
