/**
 * What counts as read. A room is read when its newest message was on the screen while the window had the person's
 * attention; marks are shown at once and sent a little later, one per room however many messages came.
 */

import type { StoreApi } from "zustand/vanilla";

import type { Undo } from "../api";
import { put } from "../reduce/records";
import { isUnread, mentionCount, roomsOf } from "../selectors";
import type { InstanceState } from "../state";
import type { Id, ReadState } from "../wire";

/** Milliseconds that a mark waits for the next message. */
const gather = 400;

export interface ReadLink {
  mark(channelId: Id, messageId: Id): Promise<unknown>;
  later(milliseconds: number, body: () => void): void;
}

export class ReadMarks {
  #store: StoreApi<InstanceState>;
  #link: ReadLink;
  /** Marks not yet sent, by room. */
  #waiting = new Map<Id, Id>();

  constructor(store: StoreApi<InstanceState>, link: ReadLink) {
    this.#store = store;
    this.#link = link;
  }

  bottom(channelId: Id, atBottom: boolean): void {
    const { visit } = this.#store.getState();
    if (visit?.channelId !== channelId || visit.atBottom === atBottom) return;
    this.#store.setState({ visit: { ...visit, atBottom } });
    this.look();
  }

  focus(focused: boolean): void {
    if (this.#store.getState().focused === focused) return;
    this.#store.setState({ focused });
    this.look();
  }

  /** Call after anything that may have made the newest message seen: an event, focus, scrolling. */
  look(): void {
    const state = this.#store.getState();
    if (state.focused && state.live && state.visit?.atBottom && isNews(state, state.visit.channelId)) this.#mark(state.visit.channelId);
  }

  /** You wrote there: whoever answers has read. The instance does not conclude that by itself. */
  wrote(channelId: Id): void {
    this.#mark(channelId);
  }

  markRoom(channelId: Id): Undo | null {
    return this.#markAll([channelId]);
  }

  markServer(serverId: Id): Undo | null {
    return this.#markAll(roomsOf(this.#store.getState(), serverId));
  }

  #markAll(channelIds: readonly Id[]): Undo | null {
    const state = this.#store.getState();
    const news = channelIds.filter((id) => isNews(state, id));
    if (news.length === 0) return null;
    const previous = news.map((id) => [id, state.readStates[id]] as const);
    for (const id of news) this.#mark(id);
    return async () => {
      await Promise.all(previous.map(([id, read]) => this.#restore(id, read)));
    };
  }

  #mark(channelId: Id): void {
    const last = this.#store.getState().channels[channelId]?.last_message_id;
    if (!last) return;
    this.#show({ channel_id: channelId, last_message_id: last, mention_count: 0 });
    const idle = !this.#waiting.has(channelId);
    this.#waiting.set(channelId, last);
    if (idle) this.#link.later(gather, () => this.#send(channelId));
  }

  #send(channelId: Id): void {
    const messageId = this.#waiting.get(channelId);
    this.#waiting.delete(channelId);
    // A mark that does not arrive is made again by the next look: what is shown is only a promise until then.
    if (messageId !== undefined) this.#link.mark(channelId, messageId).catch(() => undefined);
  }

  /** A room that had no mark gets the one before its first message. */
  async #restore(channelId: Id, read: ReadState | undefined): Promise<void> {
    const last_message_id = read?.last_message_id ?? "0";
    this.#waiting.delete(channelId);
    this.#show({ channel_id: channelId, mention_count: 0, ...read, last_message_id });
    await this.#link.mark(channelId, last_message_id);
  }

  #show(read: ReadState): void {
    this.#store.setState(({ readStates }) => ({ readStates: put(readStates, read.channel_id, read) }));
  }
}

function isNews(state: InstanceState, channelId: Id): boolean {
  return isUnread(state, channelId) || mentionCount(state, channelId) > 0;
}
