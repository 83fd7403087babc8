/**
 * The member list on the screen (op 8). The instance sends rows on request and does not say when they move, so a list
 * that is shown is asked for again a moment after anything that may have moved somebody.
 */

import type { StoreApi } from "zustand/vanilla";

import { Offline } from "./errors";
import type { InstanceState } from "./state";
import type { GatewayEvent, Id, Member } from "./wire";

export interface MemberLink {
  /** False: the link is down and nothing was sent. */
  ask(request: { server_id: Id; ranges?: [number, number][]; query?: string; nonce: string }): boolean;
  later(milliseconds: number, body: () => void): void;
}

const moving = new Set<GatewayEvent["t"]>(["MEMBER_ADD", "MEMBER_REMOVE", "MEMBER_UPDATE", "PRESENCE_UPDATE", "ROLE_UPDATE", "ROLE_DELETE"]);
/** Milliseconds: how long movements are gathered, and how long a search waits for its answer. */
const gather = 2_000;
const patience = 10_000;

export class MemberList {
  #store: StoreApi<InstanceState>;
  #link: MemberLink;
  #shown: { serverId: Id; first: number; last: number } | null = null;
  #planned = false;
  #searches = new Map<string, (members: readonly Member[]) => void>();
  #next = 0;

  constructor(store: StoreApi<InstanceState>, link: MemberLink) {
    this.#store = store;
    this.#link = link;
  }

  show(serverId: Id, first: number, last: number): void {
    const same = this.#shown?.serverId === serverId && this.#shown.first <= first && this.#shown.last >= last;
    if (same && this.#held(serverId, first, last)) return;
    this.#shown = { serverId, first, last: Math.min(last, first + 99) };
    this.ask();
  }

  /** Also after the link was lost. */
  ask(): void {
    if (!this.#shown) return;
    const { serverId, first, last } = this.#shown;
    this.#link.ask({ server_id: serverId, ranges: [[first, last]], nonce: `rows${this.#next++}` });
  }

  find(serverId: Id, query: string): Promise<readonly Member[]> {
    const nonce = `find${this.#next++}`;
    return new Promise((resolve, reject) => {
      this.#searches.set(nonce, resolve);
      const gone = () => this.#searches.delete(nonce) && reject(new Offline("no answer"));
      if (this.#link.ask({ server_id: serverId, query, nonce })) this.#link.later(patience, gone);
      else gone();
    });
  }

  heard(event: GatewayEvent): void {
    if (event.t === "MEMBERS_CHUNK" && event.d.nonce !== null) {
      this.#searches.get(event.d.nonce)?.(event.d.members);
      this.#searches.delete(event.d.nonce);
    }
    if (!moving.has(event.t) || this.#planned || !this.#shown) return;
    this.#planned = true;
    this.#link.later(gather, () => {
      this.#planned = false;
      this.ask();
    });
  }

  #held(serverId: Id, first: number, last: number): boolean {
    const server = this.#store.getState().servers[serverId];
    const end = Math.min(last, (server?.memberTotal ?? 0) - 1);
    for (let row = first; row <= end; row++) if (server?.memberRows[row] === undefined) return false;
    return server !== undefined && server.memberRows.length > 0;
  }
}
