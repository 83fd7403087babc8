/** One instance put together: state, tokens, REST, socket, and what keeps them in step. */

import { createStore, type StoreApi } from "zustand/vanilla";

import { accountActions } from "./actions/account";
import { mentionActions, messageActions, roomActions } from "./actions/messages";
import type { AccountKeeper, Parts } from "./actions/parts";
import { peopleActions } from "./actions/people";
import { treeActions } from "./actions/tree";
import type { Actions, InstanceClient } from "./api";
import type { Vault } from "./cache/indexed";
import { CacheKeeper } from "./cache/keeper";
import { browserSurroundings, Connection, type Surroundings } from "./connection";
import { MemberList } from "./members";
import { reduce } from "./reduce";
import { typingExpired, typingLasts } from "./reduce/messages";
import type { PageQuery } from "./reduce/windows";
import { at, Rest } from "./rest";
import { RoomLoader } from "./rooms/loader";
import { Outbox } from "./rooms/outbox";
import { ReadMarks } from "./rooms/reads";
import { Writing } from "./rooms/writing";
import { unpacks } from "./packed";
import { Session } from "./session";
import { emptyState, type InstanceState } from "./state";
import type { Shelf } from "./storage";
import { TokenKeeper } from "./tokens";
import type { GatewayEvent, Id, Instance, Message, Presence, Tokens } from "./wire";

/** Milliseconds: nobody sees more than one change in this time. */
const frame = 16;

export interface InstanceOptions {
  readonly shelf: Shelf;
  readonly vault: Vault;
  readonly around?: Surroundings;
  readonly fetch?: typeof fetch;
  /** What this device calls itself in the list of sessions. */
  readonly device: string;
}

export class HubbubInstance implements InstanceClient, AccountKeeper {
  readonly origin: string;
  readonly store: StoreApi<InstanceState>;
  readonly actions: Actions;
  readonly rest: Rest;
  readonly device: string;

  #around: Surroundings;
  #shelf: Shelf;
  #tokens: TokenKeeper;
  #connection: Connection;
  #loader: RoomLoader;
  #outbox: Outbox;
  #reads: ReadMarks;
  #members: MemberList;
  #writing: Writing;
  #cache: CacheKeeper;
  #presence: Omit<Presence, "user_id"> | null = null;
  #listeners = new Set<(event: GatewayEvent) => void>();
  #upListeners = new Set<() => void>();
  #arrived: GatewayEvent[] = [];
  #resting = false;

  constructor(origin: string, options: InstanceOptions) {
    this.origin = origin;
    this.device = options.device;
    this.#shelf = options.shelf;
    this.#around = options.around ?? browserSurroundings;
    this.store = createStore<InstanceState>(() => emptyState(origin));
    this.rest = new Rest(origin, options.fetch);
    const refresh = (refresh_token: string) => this.rest.ask<Tokens>("POST", "/auth/refresh", { body: { refresh_token }, open: true });
    this.#tokens = new TokenKeeper(origin, options.shelf, refresh, { now: this.#around.now });
    this.rest.authorize(this.#tokens);
    this.#connection = this.#connect(options.device);
    this.#cache = new CacheKeeper(this.store, options.vault, this.#later);
    const page = (id: Id, query: PageQuery, limit: number) => this.rest.get<Message[]>(at`/channels/${id}/messages`, { ...toQuery(query), limit });
    this.#loader = new RoomLoader(this.store, { page }, { load: (id) => this.#cache.loadRoom(id) });
    this.#outbox = new Outbox(this.store, this.#outboxLink(), options.shelf);
    const mark = (channel_id: Id, message_id: Id) => this.#connection.command("read", { channel_id, message_id }, true);
    this.#reads = new ReadMarks(this.store, { mark, later: this.#later });
    this.#members = new MemberList(this.store, { ask: (request) => this.#send("members", request), later: this.#later });
    this.#writing = new Writing(this.store, { typing: (id) => this.#sayTyping(id), now: this.#around.now }, options.shelf);
    this.actions = this.#actions();
    this.#tokens.onChange = () => void this.#accountChanged();
  }

  /** Takes up the stored session, if there is one: no question is asked again on this device. */
  async start(): Promise<void> {
    this.describe().catch(() => undefined);
    await this.#accountChanged();
  }

  async describe(): Promise<Instance> {
    const info = await this.rest.ask<Instance>("GET", "/instance", { open: true });
    this.store.setState({ info });
    return info;
  }

  reconnectNow(): void {
    this.#connection.wake();
  }

  focus(focused: boolean): void {
    this.#reads.focus(focused);
  }

  /** Events as they were reduced, for what lives beside the state (the call). Returns the end of listening. */
  listen(listener: (event: GatewayEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Each time events flow again. */
  onUp(listener: () => void): () => void {
    this.#upListeners.add(listener);
    return () => this.#upListeners.delete(listener);
  }

  /** Own voice flags (op 4), absolute. Dropped while the link is down: `onUp` is the time to say them again. */
  sendVoice(flags: { self_mute: boolean; self_deaf: boolean }): void {
    this.#send("voice", flags);
  }

  async signedIn(tokens: Tokens): Promise<void> {
    this.#tokens.keep(tokens);
    await this.#accountChanged();
  }

  keep(tokens: Tokens): void {
    this.#tokens.keep(tokens);
  }

  /** An expired session keeps what is on this device for the next log-in; otherwise nothing of the person stays. */
  async signedOut(reason: "revoked" | "expired" | null): Promise<void> {
    this.#tokens.forget();
    this.#connection.stop();
    if (reason !== "expired") {
      this.#outbox.clear();
      this.#writing.clear();
      await this.#cache.clear();
    }
    const { info } = this.store.getState();
    this.store.setState({ ...emptyState(this.origin), info, account: { phase: "signed-out", reason } });
  }

  setPresence(presence: Omit<Presence, "user_id">): void {
    this.#presence = presence;
    this.#shelf.write(`hubbub.presence.${this.origin}`, presence);
    this.#send("presence", presence);
  }

  /** Writes what the cache still gathers. */
  flush(): void {
    void this.#cache.flush();
  }

  dispose(): void {
    this.#connection.stop();
    this.#tokens.dispose();
    this.#outbox.dispose();
    this.#cache.dispose();
  }

  /** Signed in or out, here or in another tab. */
  async #accountChanged(): Promise<void> {
    const userId = this.#tokens.userId();
    if (userId === null) return void (await this.signedOut(null));
    const before = this.store.getState().me?.id;
    if (before !== undefined && before !== userId) {
      this.#connection.stop();
      this.store.setState(emptyState(this.origin));
    }
    this.store.setState({ account: { phase: "signed-in", reason: null } });
    this.#presence = this.#shelf.read(`hubbub.presence.${this.origin}`);
    this.#writing.restore(userId);
    this.#outbox.restore(userId);
    this.#connection.start();
    await this.#cache.restore(userId);
  }

  #connect(device: string): Connection {
    const url = `${this.origin.replace(/^http/, "ws")}/gateway?v=1`;
    return new Connection(url, new Session({ client: device, capabilities: unpacks ? ["deflate"] : [] }), this.#tokens, {
      event: (event) => this.#event(event),
      up: (resumed) => this.#up(resumed),
      signedOut: (reason) => void this.signedOut(reason),
      link: (link) => this.store.setState({ link }),
    }, this.#around);
  }

  /** The first event shows at once; a flood is shown once per frame. */
  #event(event: GatewayEvent): void {
    this.#arrived.push(event);
    if (this.#resting) return;
    this.#absorb();
    this.#resting = true;
    this.#later(frame, () => {
      this.#resting = false;
      this.#absorb();
    });
  }

  #absorb(): void {
    const events = this.#arrived;
    if (events.length === 0) return;
    this.#arrived = [];
    const now = this.#around.now();
    this.store.setState((state) => events.reduce((held, event) => reduce(held, event, now), state), true);
    for (const event of events) this.#reduced(event);
  }

  /** What follows from an event beside the state. */
  #reduced(event: GatewayEvent): void {
    if (event.t === "TYPING_START") this.#later(typingLasts, () => this.store.setState((state) => typingExpired(state, this.#around.now()), true));
    if (event.t === "MESSAGE_CREATE" && event.d.message.nonce !== null && event.d.message.author.id === this.store.getState().me?.id) {
      this.#outbox.confirm(event.d.message.nonce);
      this.#reads.wrote(event.d.channel_id);
    }
    if (event.t === "MESSAGE_CREATE" || event.t === "READY") this.#reads.look();
    this.#members.heard(event);
    for (const listener of this.#listeners) listener(event);
  }

  #up(resumed: boolean): void {
    this.#absorb();
    if (this.#presence) this.#send("presence", this.#presence);
    this.#outbox.flush();
    this.#members.ask();
    if (!resumed) this.#loader.refresh();
    for (const listener of this.#upListeners) listener();
  }

  #send(name: "presence" | "voice" | "members", d: unknown): boolean {
    this.#connection.send(name, d);
    return this.#connection.open;
  }

  #sayTyping(channelId: Id): void {
    if (this.#connection.open) this.#connection.command("typing", { channel_id: channelId }, false).catch(() => undefined);
  }

  #later = (milliseconds: number, body: () => void): (() => void) => this.#around.timer(milliseconds, body);

  #outboxLink(): ConstructorParameters<typeof Outbox>[1] {
    return {
      send: async (message) => (await this.#connection.command("message.send", message, true)) as Message,
      open: () => this.#connection.open,
      now: this.#around.now,
      later: this.#later,
    };
  }

  #actions(): Actions {
    const parts: Parts = {
      store: this.store,
      rest: this.rest,
      loader: this.#loader,
      outbox: this.#outbox,
      reads: this.#reads,
      members: this.#members,
      writing: this.#writing,
      account: this,
      later: this.#later,
    };
    return { ...accountActions(parts), ...roomActions(parts), ...messageActions(parts), ...mentionActions(parts), ...treeActions(parts), ...peopleActions(parts) };
  }
}

function toQuery(query: PageQuery): Record<string, string> {
  return query.kind === "tail" ? {} : { [query.kind]: query.id };
}
