/**
 * What screens may ask of the client core. Every promise rejects with `Problem` (the server said no; `code` is stable) or
 * `Offline` (it could not be reached), from errors.ts, and nothing else.
 */

import type { StoreApi } from "zustand/vanilla";

import type { InstanceState } from "./state";
import type {
  Channel,
  CreateChannel,
  CreateInvite,
  CreateRole,
  CreateServer,
  Id,
  Instance,
  Invite,
  InvitePreview,
  Login,
  LoginSession,
  Me,
  Member,
  Message,
  ModerateVoice,
  Overwrite,
  Presence,
  PutOverwrite,
  Register,
  Role,
  Server,
  ServerSummary,
  UpdateChannel,
  UpdateMe,
  UpdateMember,
  UpdateRole,
  UpdateServer,
  User,
  VoiceState,
} from "./wire";
import type { Call } from "./voice/api";

/** Puts things back as they were before the act that returned it. */
export type Undo = () => Promise<void>;

export interface AccountActions {
  /** Creates the account and signs in; with `invite` it also joins that server, with `setup_token` it becomes the owner. */
  register(form: Register): Promise<Me>;
  login(form: Login): Promise<Me>;
  /** Ends this session here and on the server. Works offline: the tokens are forgotten in any case. */
  logout(): Promise<void>;
  changePassword(current: string, next: string): Promise<void>;
  updateMe(change: UpdateMe): Promise<Me>;
  sessions(): Promise<readonly LoginSession[]>;
  endSession(id: Id): Promise<void>;
  setPresence(status: Presence["status"], customStatus?: string | null): void;
  user(id: Id): Promise<User>;
}

export interface RoomActions {
  /** Puts a room on the screen: paints what is held, fetches what is missing, sets the divider. Calling again is harmless. */
  openRoom(channelId: Id): void;
  /** The room left the screen: the divider goes, long histories are cut back to their end. */
  leaveRoom(channelId: Id): void;
  /** The list says whether the newest message is on the screen. With the window focused this is what marks rooms as read. */
  reportBottom(channelId: Id, atBottom: boolean): void;
  loadOlder(channelId: Id): Promise<void>;
  loadNewer(channelId: Id): Promise<void>;
  /** Shows the surroundings of a message, from what is held or fetched. */
  jumpTo(channelId: Id, messageId: Id): Promise<void>;
  jumpToPresent(channelId: Id): Promise<void>;
  /** Everything read. `undo` restores the mark; null when nothing was unread. */
  markRead(channelId: Id): Undo | null;
  markServerRead(serverId: Id): Undo | null;
  /** Call on every keystroke: at most one goes out per 6 s. */
  typing(channelId: Id): void;
  setDraft(channelId: Id, text: string): void;
}

export interface MessageActions {
  /** Paints at once, sends when it can, exactly once. Returns the nonce, which is the row's key until the server's copy replaces it. */
  send(channelId: Id, content: string, replyTo?: Id | null): string;
  retry(channelId: Id, nonce: string): void;
  /** Drops a message that was not sent and returns its text. */
  discard(channelId: Id, nonce: string): string;
  /** Shown at once, put back when refused. */
  edit(channelId: Id, messageId: Id, content: string): Promise<void>;
  remove(channelId: Id, messageId: Id): Promise<void>;
  /** The newest of what called you, or the next page; it arrives in `mentions`. */
  loadMentions(older: boolean): Promise<void>;
  /** One message by id: held or fetched. */
  message(channelId: Id, messageId: Id): Promise<Message>;
}

export interface TreeActions {
  createChannel(serverId: Id, form: CreateChannel): Promise<Channel>;
  updateChannel(channelId: Id, change: UpdateChannel): Promise<Channel>;
  /** `position` counts among the children of `parentId`. Shown at once, put back when refused. */
  moveChannel(channelId: Id, parentId: Id | null, position: number): Promise<void>;
  deleteChannel(channelId: Id): Promise<void>;
  overwrites(channelId: Id): Promise<readonly Overwrite[]>;
  putOverwrite(channelId: Id, targetId: Id, entry: PutOverwrite): Promise<Overwrite>;
  deleteOverwrite(channelId: Id, targetId: Id): Promise<void>;
  createServer(form: CreateServer): Promise<Server>;
  updateServer(serverId: Id, change: UpdateServer): Promise<ServerSummary>;
  deleteServer(serverId: Id): Promise<void>;
  leaveServer(serverId: Id): Promise<void>;
}

export interface PeopleActions {
  /** Rows of the sorted member list that are on the screen; they arrive in `servers[id].memberRows`. At most 100 rows. */
  showMembers(serverId: Id, first: number, last: number): void;
  /** By prefix of a name; resolves with what the server answered, also kept in `members`. */
  findMembers(serverId: Id, query: string): Promise<readonly Member[]>;
  updateMember(serverId: Id, userId: Id, change: UpdateMember): Promise<Member>;
  kick(serverId: Id, userId: Id): Promise<void>;
  createRole(serverId: Id, form: CreateRole): Promise<Role>;
  updateRole(serverId: Id, roleId: Id, change: UpdateRole): Promise<Role>;
  deleteRole(serverId: Id, roleId: Id): Promise<void>;
  invites(serverId: Id): Promise<readonly Invite[]>;
  createInvite(serverId: Id, form: CreateInvite): Promise<Invite>;
  revokeInvite(token: string): Promise<void>;
  /** Works before any login. */
  previewInvite(token: string): Promise<InvitePreview>;
  /** Joins as the person signed in; resolves with the server's id. */
  acceptInvite(token: string): Promise<Id>;
  /** Mute, deafen, move or put out; `channel_id: null` puts out. */
  moderateVoice(serverId: Id, userId: Id, change: ModerateVoice): Promise<VoiceState>;
}

export type Actions = AccountActions & RoomActions & MessageActions & TreeActions & PeopleActions;

/** One instance: its state and what can be done there. */
export interface InstanceClient {
  readonly origin: string;
  readonly store: StoreApi<InstanceState>;
  readonly actions: Actions;
  /** What the instance says of itself before any login; fetched at start, again here when that failed. */
  describe(): Promise<Instance>;
  /** "Try now" of the banner. */
  reconnectNow(): void;
}

/** The instances of this device, in the person's order; the first is the page's own origin. */
export interface Directory {
  readonly origins: readonly string[];
}

export interface Client {
  readonly directory: StoreApi<Directory>;
  /** What each instance of the directory looks like now, in its order; for screens that show all of them. */
  readonly states: StoreApi<readonly InstanceState[]>;
  /** The instance that served this page. */
  readonly home: InstanceClient;
  instance(origin: string): InstanceClient | null;
  /**
   * Opens an instance by host, address or invite link, when one answers there. It joins the directory, and is kept on
   * this device, once somebody signed in there.
   */
  add(address: string): Promise<InstanceClient>;
  /** Logs out there and forgets the instance, its tokens and what was cached of it on this device. The own origin stays. */
  remove(origin: string): void;
  /** One call at a time, whatever the instance. */
  readonly call: Call;
  /** Loads what a call needs ahead of the first one; for an idle moment. */
  warmCall(): void;
  /** Ends sockets, timers and the call (tests, hot reload). */
  dispose(): void;
}
