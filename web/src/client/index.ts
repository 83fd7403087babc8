/** The client core: everything below the screens. Nothing here knows React. */

export { parseInvite, toOrigin } from "./addresses";
export { createClient } from "./client";
export type {
  AccountActions,
  Actions,
  Client,
  Directory,
  InstanceClient,
  MessageActions,
  PeopleActions,
  RoomActions,
  TreeActions,
  Undo,
} from "./api";
export { describeFailure, Offline, Problem } from "./errors";
export { compareIds, idTime } from "./ids";
export { canInRoom, canInServer, permissionBits, type Permission } from "./permissions";
export * from "./selectors";
export { emptyState } from "./state";
export type { Account, ChannelNode, InstanceState, Link, Mentions, PendingMessage, RoomState, Segment, ServerState, Visit } from "./state";
export type {
  Call,
  CallFailure,
  CallPerson,
  CallPlace,
  CallQuality,
  CallState,
  Device,
  DeviceList,
  MicTrouble,
  Tone,
  VideoSource,
  VoiceSettings,
} from "./voice/api";
export type * from "./wire";
