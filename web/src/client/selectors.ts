/**
 * Questions that screens ask of an instance's state. Each answer is a primitive or the same object until what it was
 * computed from changes, so all of them may be used directly as zustand selectors.
 */

import { compareIds, idTime } from "./ids";
import type { InstanceState, PendingMessage, RoomState, Segment } from "./state";
import type { Id, Message, VoiceState } from "./wire";

const nothing: readonly never[] = [];

/** The run on the screen; null while nothing of it is held. */
export function shownSegment(room: RoomState | undefined): Segment | null {
  if (!room) return null;
  if (room.view === "tail") return liveSegment(room);
  const id = room.view;
  return room.segments.find((segment) => segment.ids.includes(id)) ?? null;
}

/** The run that new messages extend; null while the live end is not held. */
export function liveSegment(room: RoomState): Segment | null {
  const last = room.segments.at(-1);
  return last && !last.hasNewer ? last : null;
}

const shown = new WeakMap<RoomState, readonly Message[]>();

/** Confirmed messages on the screen, oldest first. Your own unconfirmed ones follow them: `pendingOf`. */
export function shownMessages(state: InstanceState, channelId: Id): readonly Message[] {
  const room = state.rooms[channelId];
  if (!room) return nothing;
  const known = shown.get(room);
  if (known) return known;
  const ids = shownSegment(room)?.ids ?? nothing;
  const list = ids.flatMap((id) => room.messages[id] ?? []);
  shown.set(room, list);
  return list;
}

export function pendingOf(state: InstanceState, channelId: Id): readonly PendingMessage[] {
  return state.outbox[channelId] ?? nothing;
}

/** Last id that counts as read. Where the server keeps no mark, what came before you joined is read. */
export function isUnread(state: InstanceState, channelId: Id): boolean {
  const channel = state.channels[channelId];
  const last = channel?.last_message_id;
  if (!channel || !last) return false;
  const read = state.readStates[channelId]?.last_message_id;
  if (read) return compareIds(last, read) > 0;
  const joined = state.servers[channel.server_id]?.me.joined_at;
  return joined === undefined || idTime(last) > Date.parse(joined);
}

export function mentionCount(state: InstanceState, channelId: Id): number {
  return state.readStates[channelId]?.mention_count ?? 0;
}

export function serverUnread(state: InstanceState, serverId: Id): boolean {
  return roomsOf(state, serverId).some((id) => isUnread(state, id));
}

export function serverMentions(state: InstanceState, serverId: Id): number {
  return roomsOf(state, serverId).reduce((sum, id) => sum + mentionCount(state, id), 0);
}

/** Of the whole instance, for title and app badge. */
export function allMentions(state: InstanceState): number {
  return Object.values(state.readStates).reduce((sum, read) => sum + (state.channels[read.channel_id] ? read.mention_count : 0), 0);
}

const grouped = new WeakMap<InstanceState["channels"], ReadonlyMap<Id, readonly Id[]>>();

/** Ids of a server's rooms, in no particular order; `trees` has them as they are shown. */
export function roomsOf(state: InstanceState, serverId: Id): readonly Id[] {
  let groups = grouped.get(state.channels);
  if (!groups) {
    const rooms = Map.groupBy(Object.values(state.channels), (channel) => channel.server_id);
    groups = new Map(Array.from(rooms, ([server, list]) => [server, list.map(({ id }) => id)]));
    grouped.set(state.channels, groups);
  }
  return groups.get(serverId) ?? nothing;
}

const rosters = new WeakMap<InstanceState["voiceStates"], ReadonlyMap<Id, readonly VoiceState[]>>();

/** Who is in a voice room, in the order they came. */
export function rosterOf(state: InstanceState, channelId: Id): readonly VoiceState[] {
  let rooms = rosters.get(state.voiceStates);
  if (!rooms) {
    const present = Object.values(state.voiceStates).filter((voice) => voice.channel_id !== null);
    present.sort((a, b) => (a.joined_at ?? "").localeCompare(b.joined_at ?? "") || compareIds(a.user_id, b.user_id));
    rooms = Map.groupBy(present, (voice) => voice.channel_id ?? "");
    rosters.set(state.voiceStates, rooms);
  }
  return rooms.get(channelId) ?? nothing;
}

/** People in sound on a server: what lights its arch. */
export function serverVoices(state: InstanceState, serverId: Id): number {
  return Object.values(state.voiceStates).filter((voice) => voice.server_id === serverId && voice.channel_id !== null).length;
}

export function isSpeaking(state: InstanceState, channelId: Id, userId: Id): boolean {
  return state.speaking[channelId]?.includes(userId) ?? false;
}

const typists = new WeakMap<object, readonly Id[]>();

/** Who is writing in a room right now, without you. Expired marks are taken out by the store itself. */
export function typingIn(state: InstanceState, channelId: Id): readonly Id[] {
  const marks = state.typing[channelId];
  if (!marks) return nothing;
  const known = typists.get(marks);
  if (known) return known;
  const list = Object.keys(marks).filter((id) => id !== state.me?.id);
  typists.set(marks, list);
  return list;
}

/** What to call somebody: their nick on that server, else the name they chose, else null when they are not known here. */
export function nameOf(state: InstanceState, userId: Id, serverId?: Id): string | null {
  const nick = serverId === undefined ? null : state.servers[serverId]?.members[userId]?.nick;
  if (nick) return nick;
  const user = state.users[userId];
  return user ? user.display_name || user.username : null;
}

/** 1 to 8, from the highest role that has one; null: no colour. */
export function hueOf(state: InstanceState, userId: Id, serverId: Id): number | null {
  const server = state.servers[serverId];
  const roles = (server?.members[userId]?.roles ?? nothing).flatMap((id) => server?.roles[id] ?? []);
  roles.sort((a, b) => b.position - a.position);
  return roles.find((role) => role.hue !== null)?.hue ?? null;
}
