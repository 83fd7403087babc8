/**
 * Messages on their way. Each has a nonce and is kept on this device until the instance confirmed it or the person
 * dropped it, so it is sent exactly once whatever is cut or reloaded: the instance knows a repeated nonce for 24 hours,
 * and what is older than that is never sent by itself.
 *
 * One message per room is under way at a time: order on the screen is order on the server.
 */

import type { StoreApi } from "zustand/vanilla";

import { describeFailure, Problem } from "../errors";
import { uuid } from "../nonce";
import { confirmed } from "../reduce/messages";
import { drop, put } from "../reduce/records";
import { appendLive } from "../reduce/windows";
import type { InstanceState, PendingMessage } from "../state";
import type { Shelf } from "../storage";
import type { Id, Message } from "../wire";

/** An hour less than the instance remembers nonces, for clocks that differ. */
const sendable = 23 * 3600 * 1000;

/** Seconds until a message that got no answer is sent again over a link that is still up. */
const unanswered = 3;

export interface OutboxLink {
  /** Rejects with `Problem`, or `Offline` when nobody knows. */
  send(message: { channel_id: Id; content: string; nonce: string; reply_to: Id | null }): Promise<Message>;
  open(): boolean;
  now(): number;
  later(milliseconds: number, body: () => void): void;
}

export class Outbox {
  #store: StoreApi<InstanceState>;
  #link: OutboxLink;
  #shelf: Shelf;
  #prefix = "";
  #unwatch: (() => void) | null = null;
  /** Rooms with a message under way, or waiting out a rate limit. */
  #held = new Set<Id>();

  constructor(store: StoreApi<InstanceState>, link: OutboxLink, shelf: Shelf) {
    this.#store = store;
    this.#link = link;
    this.#shelf = shelf;
  }

  /** Takes up what this person left unsent on this device. */
  restore(userId: Id): void {
    this.#prefix = `hubbub.outbox.${this.#store.getState().origin}.${userId}.`;
    this.#unwatch?.();
    this.#unwatch = this.#shelf.watch((key, present) => {
      if (!present && key.startsWith(this.#prefix)) this.#settledElsewhere(key.slice(this.#prefix.length));
    });
    const saved = this.#shelf.keys(this.#prefix).flatMap((key) => this.#shelf.read<PendingMessage>(key) ?? []);
    const known = new Set(Object.values(this.#store.getState().outbox).flatMap((queue) => queue.map(({ nonce }) => nonce)));
    for (const pending of saved.toSorted((a, b) => a.createdAt - b.createdAt)) {
      if (known.has(pending.nonce)) continue;
      const old = this.#link.now() - pending.createdAt > sendable;
      this.#put(old ? { ...pending, phase: "failed", problem: { code: "message.too_old", detail: "" } } : pending);
    }
    this.flush();
  }

  add(channelId: Id, content: string, replyTo: Id | null): string {
    const nonce = uuid();
    const pending: PendingMessage = { nonce, channelId, content, replyTo, createdAt: this.#link.now(), phase: "queued", problem: null };
    this.#shelf.write(this.#prefix + nonce, pending);
    this.#put(pending);
    this.#pump(channelId);
    return nonce;
  }

  /** A message that failed goes to the end of its room's queue; one that is too old becomes a new one. */
  retry(channelId: Id, nonce: string): void {
    const pending = this.#find(channelId, nonce);
    if (pending?.phase !== "failed") return;
    this.#remove(channelId, nonce);
    if (this.#link.now() - pending.createdAt > sendable) this.add(channelId, pending.content, pending.replyTo);
    else {
      this.#save({ ...pending, phase: "queued", problem: null });
      this.#pump(channelId);
    }
  }

  discard(channelId: Id, nonce: string): string {
    const content = this.#find(channelId, nonce)?.content ?? "";
    this.#remove(channelId, nonce);
    return content;
  }

  /** The link is up: nothing waits any longer. */
  flush(): void {
    for (const [channelId, queue] of Object.entries(this.#store.getState().outbox)) if (queue.every(({ phase }) => phase !== "sending")) this.#held.delete(channelId);
    for (const channelId of Object.keys(this.#store.getState().outbox)) this.#pump(channelId);
  }

  /** An event confirmed it before its reply came (the reducer took it from the state already). */
  confirm(nonce: string): void {
    this.#shelf.erase(this.#prefix + nonce);
  }

  /** Signed out: nothing of this person stays. */
  clear(): void {
    for (const key of this.#prefix ? this.#shelf.keys(this.#prefix) : []) this.#shelf.erase(key);
    this.#store.setState({ outbox: {} });
  }

  dispose(): void {
    this.#unwatch?.();
  }

  #pump(channelId: Id): void {
    if (this.#held.has(channelId) || !this.#link.open()) return;
    const next = this.#store.getState().outbox[channelId]?.find(({ phase }) => phase !== "failed");
    if (!next || next.phase === "sending") return;
    this.#held.add(channelId);
    this.#put({ ...next, phase: "sending" });
    const { content, nonce, replyTo } = next;
    this.#link.send({ channel_id: channelId, content, nonce, reply_to: replyTo }).then(
      (message) => this.#sent(channelId, nonce, message),
      (error: unknown) => this.#refused(channelId, nonce, error),
    );
  }

  #sent(channelId: Id, nonce: string, message: Message): void {
    this.#held.delete(channelId);
    this.#shelf.erase(this.#prefix + nonce);
    this.#store.setState((state) => {
      const room = state.rooms[channelId];
      const known = room === undefined || room.messages[message.id] !== undefined || room.gone[message.id];
      return {
        outbox: confirmed(state.outbox, channelId, nonce),
        rooms: known ? state.rooms : put(state.rooms, channelId, appendLive(room, message)),
      };
    });
    this.#pump(channelId);
  }

  #refused(channelId: Id, nonce: string, error: unknown): void {
    const pending = this.#find(channelId, nonce);
    const wait = error instanceof Problem ? (error.code === "rate.limited" ? error.retryAfter : null) : unanswered;
    if (wait !== null) {
      if (pending) this.#put({ ...pending, phase: "queued" });
      return this.#link.later(wait * 1000, () => {
        this.#held.delete(channelId);
        this.#pump(channelId);
      });
    }
    this.#held.delete(channelId);
    if (pending) this.#save({ ...pending, phase: "failed", problem: describeFailure(error) });
    this.#pump(channelId);
  }

  /** Another tab sent or dropped it. Under way here too, its own answer decides. */
  #settledElsewhere(nonce: string): void {
    const queues = Object.values(this.#store.getState().outbox);
    const pending = queues.flat().find((each) => each.nonce === nonce);
    if (pending && pending.phase !== "sending") this.#remove(pending.channelId, nonce);
  }

  #find(channelId: Id, nonce: string): PendingMessage | undefined {
    return this.#store.getState().outbox[channelId]?.find((pending) => pending.nonce === nonce);
  }

  #save(pending: PendingMessage): void {
    this.#shelf.write(this.#prefix + pending.nonce, pending.phase === "sending" ? { ...pending, phase: "queued" } : pending);
    this.#put(pending);
  }

  #put(pending: PendingMessage): void {
    this.#store.setState(({ outbox }) => {
      const queue = outbox[pending.channelId] ?? [];
      const known = queue.some(({ nonce }) => nonce === pending.nonce);
      const next = known ? queue.map((other) => (other.nonce === pending.nonce ? pending : other)) : [...queue, pending];
      return { outbox: put(outbox, pending.channelId, next) };
    });
  }

  #remove(channelId: Id, nonce: string): void {
    this.#shelf.erase(this.#prefix + nonce);
    this.#store.setState(({ outbox }) => {
      const rest = (outbox[channelId] ?? []).filter((pending) => pending.nonce !== nonce);
      return { outbox: rest.length === 0 ? drop(outbox, channelId) : put(outbox, channelId, rest) };
    });
  }
}
