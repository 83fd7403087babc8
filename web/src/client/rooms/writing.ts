/** What is being written: the typing signal, at most one per room in six seconds, and drafts, kept on this device. */

import type { StoreApi } from "zustand/vanilla";

import { drop, put } from "../reduce/records";
import type { InstanceState } from "../state";
import type { Shelf } from "../storage";
import type { Id } from "../wire";

/** Milliseconds; others show the signal for eight. */
const every = 6_000;

export interface WritingLink {
  /** Dropped when the link is down. */
  typing(channelId: Id): void;
  now(): number;
}

export class Writing {
  #store: StoreApi<InstanceState>;
  #link: WritingLink;
  #shelf: Shelf;
  #prefix = "";
  #told = new Map<Id, number>();

  constructor(store: StoreApi<InstanceState>, link: WritingLink, shelf: Shelf) {
    this.#store = store;
    this.#link = link;
    this.#shelf = shelf;
  }

  restore(userId: Id): void {
    this.#prefix = `hubbub.draft.${this.#store.getState().origin}.${userId}.`;
    const drafts = Object.fromEntries(this.#shelf.keys(this.#prefix).map((key) => [key.slice(this.#prefix.length), this.#shelf.read<string>(key) ?? ""]));
    this.#store.setState({ drafts });
  }

  key(channelId: Id): void {
    const now = this.#link.now();
    const last = this.#told.get(channelId);
    if (last !== undefined && now - last < every) return;
    this.#told.set(channelId, now);
    this.#link.typing(channelId);
  }

  /** The message went out: the draft is done, and the next key is a new beginning. */
  sent(channelId: Id): void {
    this.#told.delete(channelId);
    this.draft(channelId, "");
  }

  draft(channelId: Id, text: string): void {
    if (text === "") this.#shelf.erase(this.#prefix + channelId);
    else this.#shelf.write(this.#prefix + channelId, text);
    this.#store.setState(({ drafts }) => ({ drafts: text === "" ? drop(drafts, channelId) : put(drafts, channelId, text) }));
  }

  clear(): void {
    for (const key of this.#prefix ? this.#shelf.keys(this.#prefix) : []) this.#shelf.erase(key);
    this.#store.setState({ drafts: {} });
  }
}
