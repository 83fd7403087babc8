/** `reduce(old state, event) = new state`, pure. One line per event of the gateway; the compiler misses none. */

import type { InstanceState } from "../state";
import type { GatewayEvent } from "../wire";
import { messageCreated, messageDeleted, messageUpdated, typingStarted } from "./messages";
import { memberAdded, memberRemoved, membersChunk, memberUpdated, presenceUpdated, readStateUpdated, userUpdated, voiceSpeaking, voiceStateUpdated } from "./people";
import { channelDeleted, channelPut, permissionsUpdated, ready, roleDeleted, roleUpdated, serverCreated, serverDeleted, serverUpdated } from "./places";

type Reducers = { [Name in GatewayEvent["t"]]: (state: InstanceState, d: Extract<GatewayEvent, { t: Name }>["d"], now: number) => InstanceState };

const reducers: Reducers = {
  READY: ready,
  RESUMED: (state) => ({ ...state, live: true }),
  MESSAGE_CREATE: messageCreated,
  MESSAGE_UPDATE: messageUpdated,
  MESSAGE_DELETE: messageDeleted,
  CHANNEL_CREATE: channelPut,
  CHANNEL_UPDATE: channelPut,
  CHANNEL_DELETE: channelDeleted,
  SERVER_CREATE: serverCreated,
  SERVER_UPDATE: serverUpdated,
  SERVER_DELETE: serverDeleted,
  PERMISSIONS_UPDATE: permissionsUpdated,
  MEMBER_ADD: memberAdded,
  MEMBER_UPDATE: memberUpdated,
  MEMBER_REMOVE: memberRemoved,
  MEMBERS_CHUNK: membersChunk,
  ROLE_UPDATE: roleUpdated,
  ROLE_DELETE: roleDeleted,
  USER_UPDATE: userUpdated,
  PRESENCE_UPDATE: presenceUpdated,
  TYPING_START: typingStarted,
  VOICE_STATE_UPDATE: voiceStateUpdated,
  VOICE_SPEAKING: voiceSpeaking,
  READ_STATE_UPDATE: readStateUpdated,
};

/** An event of a newer server is not ours to understand: nothing changes. */
export function reduce(state: InstanceState, event: GatewayEvent, now: number): InstanceState {
  const reducer = reducers[event.t] as ((state: InstanceState, d: unknown, now: number) => InstanceState) | undefined;
  return reducer ? reducer(state, event.d, now) : state;
}
