/** MESSAGE_*, TYPING_START: the room's window, its newest id, your mentions, the outbox. */

import { compareIds, maxId } from "../ids";
import type { InstanceState, RoomState } from "../state";
import type { Id, Message, ReadState, WireEvents } from "../wire";
import { mentionArrived, mentionChanged, mentionGone } from "./mentions";
import { drop, put } from "./records";
import { appendLive, removeMessage, replaceMessage } from "./windows";

/** How long somebody counts as writing without another sign, milliseconds (the gateway's promise). */
export const typingLasts = 8_000;

export function messageCreated(state: InstanceState, { message, channel_id, seq }: WireEvents["MESSAGE_CREATE"]): InstanceState {
  const channel = state.channels[channel_id];
  const next = withHead(state, channel_id, seq, (room) => appendLive(room, message));
  return {
    ...next,
    channels: channel ? put(next.channels, channel_id, { ...channel, last_message_id: maxId(channel.last_message_id, message.id) }) : next.channels,
    users: put(next.users, message.author.id, message.author),
    typing: stopTyping(next.typing, channel_id, message.author.id),
    readStates: readAfter(next, message),
    mentions: mentionArrived(next.mentions, message, callsMe(next, message)),
    outbox: message.nonce !== null && message.author.id === next.me?.id ? confirmed(next.outbox, channel_id, message.nonce) : next.outbox,
  };
}

export function messageUpdated(state: InstanceState, { message, channel_id, seq }: WireEvents["MESSAGE_UPDATE"]): InstanceState {
  const next = withHead(state, channel_id, seq, (room) => replaceMessage(room, message));
  return { ...next, mentions: mentionChanged(next.mentions, message, callsMe(next, message)) };
}

export function messageDeleted(state: InstanceState, { message_id, channel_id, seq }: WireEvents["MESSAGE_DELETE"]): InstanceState {
  const next = withHead(state, channel_id, seq, (room) => removeMessage(room, message_id));
  return { ...next, mentions: mentionGone(next.mentions, message_id) };
}

export function typingStarted(state: InstanceState, { channel_id, user_id }: WireEvents["TYPING_START"], now: number): InstanceState {
  const marks = state.typing[channel_id] ?? {};
  return { ...state, typing: put(state.typing, channel_id, put(marks, user_id, now + typingLasts)) };
}

/** Takes out marks whose time is over. */
export function typingExpired(state: InstanceState, now: number): InstanceState {
  let typing = state.typing;
  for (const [channelId, marks] of Object.entries(state.typing))
    for (const [userId, until] of Object.entries(marks)) if (until <= now) typing = stopTyping(typing, channelId, userId);
  return typing === state.typing ? state : { ...state, typing };
}

/** The message that a nonce stood for is there: the pending row goes. */
export function confirmed(outbox: InstanceState["outbox"], channelId: Id, nonce: string): InstanceState["outbox"] {
  const queue = outbox[channelId];
  if (!queue?.some((pending) => pending.nonce === nonce)) return outbox;
  const rest = queue.filter((pending) => pending.nonce !== nonce);
  return rest.length === 0 ? drop(outbox, channelId) : put(outbox, channelId, rest);
}

/** Whether a message calls you: by name, by a role of yours, or everybody. Your own never do. */
export function callsMe(state: InstanceState, message: Message): boolean {
  const me = state.me?.id;
  if (me === undefined || message.author.id === me) return false;
  const roles = state.servers[message.server_id]?.me.roles ?? [];
  const direct = state.directOrder.includes(message.channel_id);
  return direct || message.mention_everyone || message.mentions.some((id) => id === me || roles.includes(id));
}

/** A stream's events are contiguous, so a window that was right before this one is right after it. */
function withHead(state: InstanceState, channelId: Id, seq: number, change: (room: RoomState) => RoomState): InstanceState {
  const heads = put(state.heads, `channel:${channelId}`, seq);
  const room = state.rooms[channelId];
  if (!room) return { ...state, heads };
  const changed = change(room);
  return { ...state, heads, rooms: put(state.rooms, channelId, room.stale ? changed : { ...changed, head: seq }) };
}

function stopTyping(typing: InstanceState["typing"], channelId: Id, userId: Id): InstanceState["typing"] {
  const marks = typing[channelId];
  if (!marks || !(userId in marks)) return typing;
  const rest = drop(marks, userId);
  return Object.keys(rest).length === 0 ? drop(typing, channelId) : put(typing, channelId, rest);
}

/** Your own message reads the room up to itself; a call adds one. */
function readAfter(state: InstanceState, message: Message): InstanceState["readStates"] {
  const held = state.readStates[message.channel_id];
  if (message.author.id === state.me?.id) {
    if (held?.last_message_id && compareIds(held.last_message_id, message.id) >= 0) return state.readStates;
    return put(state.readStates, message.channel_id, { channel_id: message.channel_id, last_message_id: message.id, mention_count: 0 });
  }
  if (!callsMe(state, message)) return state.readStates;
  if (held?.last_message_id && compareIds(message.id, held.last_message_id) <= 0) return state.readStates;
  const base: ReadState = held ?? { channel_id: message.channel_id, last_message_id: null, mention_count: 0 };
  return put(state.readStates, message.channel_id, { ...base, mention_count: base.mention_count + 1 });
}
