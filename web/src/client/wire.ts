/** The wire's types under the names that the client uses; the rest of the generated file stays inside client/. */

import type { WireEvents } from "./generated/maps.gen";

export type {
  Channel,
  CreateChannel,
  CreateInvite,
  CreateRole,
  CreateServer,
  FieldError,
  Instance,
  Invite,
  InvitePreview,
  Login,
  Me,
  Member,
  Message,
  ModerateVoice,
  Overwrite,
  Presence,
  Problem as ProblemBody,
  PutOverwrite,
  ReadState,
  Ready,
  Reference,
  Register,
  Reply,
  Role,
  Server,
  ServerSummary,
  Session as LoginSession,
  Tokens,
  UpdateChannel,
  UpdateMe,
  UpdateMember,
  UpdateRole,
  UpdateServer,
  User,
  VoiceState,
  VoiceTicket,
} from "./generated/types.gen";
export type { WireCommands, WireEvents } from "./generated/maps.gen";

/** A dispatch of the gateway as a tagged union over `t`. */
export type GatewayEvent = { [Name in keyof WireEvents]: { t: Name; d: WireEvents[Name] } }[keyof WireEvents];

/** A 64-bit snowflake as decimal text. Compare with `compareIds`, never with `<`. */
export type Id = string;
