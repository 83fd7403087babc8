import { canInRoom, canInServer, type InstanceState } from "@/client";

/** What you may do to somebody, besides hearing them louder. */
export interface Powers {
  mute: boolean;
  deafen: boolean;
  move: boolean;
  disconnect: boolean;
  kick: boolean;
}

const NONE: Powers = { mute: false, deafen: false, move: false, disconnect: false, kick: false };

/** Nothing towards yourself or the owner, and nothing towards those whose highest role is yours or above it. */
export function powersOver(state: InstanceState, serverId: string, userId: string): Powers {
  const server = state.servers[serverId];
  if (!server || userId === state.me?.id || userId === server.owner_id) return NONE;
  const room = state.voiceStates[userId]?.channel_id;
  const here = room && state.voiceStates[userId]?.server_id === serverId ? room : null;
  const above = server.owner_id === state.me?.id || rank(state, serverId, state.me?.id ?? "") > rank(state, serverId, userId);
  return {
    mute: here !== null && canInRoom(state, here, "MUTE_MEMBERS"),
    deafen: here !== null && canInRoom(state, here, "DEAFEN_MEMBERS"),
    move: here !== null && canInRoom(state, here, "MOVE_MEMBERS"),
    disconnect: here !== null && canInRoom(state, here, "MOVE_MEMBERS"),
    kick: above && canInServer(state, serverId, "KICK_MEMBERS"),
  };
}

function rank(state: InstanceState, serverId: string, userId: string): number {
  const server = state.servers[serverId];
  const roles = userId === state.me?.id ? server?.me.roles : server?.members[userId]?.roles;
  return Math.max(0, ...(roles ?? []).map((id) => server?.roles[id]?.position ?? 0));
}

/** Voice rooms to bring somebody to. */
export function roomsToMoveTo(state: InstanceState, serverId: string, userId: string): { id: string; name: string }[] {
  const from = state.voiceStates[userId]?.channel_id;
  return Object.values(state.channels)
    .filter((room) => room.server_id === serverId && room.type === "voice" && room.id !== from && canInRoom(state, room.id, "MOVE_MEMBERS"))
    .toSorted((a, b) => a.position - b.position)
    .map(({ id, name }) => ({ id, name }));
}
