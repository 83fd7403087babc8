/** Owns the socket and the one timer of a gateway session and does what the session's effects say. Decides nothing. */

import { Offline, Problem } from "./errors";
import { unpacked } from "./packed";
import type { Session, SessionEffect } from "./session";
import type { Link } from "./state";
import type { TokenKeeper } from "./tokens";
import type { GatewayEvent, WireCommands } from "./wire";

export interface ConnectionEvents {
  event(event: GatewayEvent): void;
  up(resumed: boolean): void;
  signedOut(reason: "revoked" | "expired"): void;
  link(link: Link): void;
}

/** What the page gives: real in the app, by hand in tests. */
export interface Surroundings {
  now(): number;
  socket(url: string): WebSocket;
  timer(milliseconds: number, body: () => void): () => void;
}

export const browserSurroundings: Surroundings = {
  now: () => Date.now(),
  socket: (url) => new WebSocket(url),
  timer(milliseconds, body) {
    const handle = setTimeout(body, milliseconds);
    return () => clearTimeout(handle);
  },
};

interface Waiting {
  resolve(data: unknown): void;
  reject(error: unknown): void;
}

export class Connection {
  #url: string;
  #session: Session;
  #tokens: Pick<TokenKeeper, "access" | "renew">;
  #events: ConnectionEvents;
  #around: Surroundings;
  #socket: WebSocket | null = null;
  #cancel: (() => void) | null = null;
  #replies = new Map<number, Waiting>();
  #lastToken = "";
  #lostAt: number | null = null;
  #latency: number | null = null;
  #told: Link | null = null;

  constructor(url: string, session: Session, tokens: Pick<TokenKeeper, "access" | "renew">, events: ConnectionEvents, around: Surroundings = browserSurroundings) {
    this.#url = url;
    this.#session = session;
    this.#tokens = tokens;
    this.#events = events;
    this.#around = around;
  }

  /** Events flow and commands go out. */
  get open(): boolean {
    return this.#session.phase === "open";
  }

  start(): void {
    this.#run(this.#session.start(this.#around.now()));
  }

  stop(): void {
    this.#lostAt = null;
    this.#run(this.#session.stop());
  }

  /** The network came back, the window was shown, somebody pressed "Try now". */
  wake(): void {
    this.#run(this.#session.wake(this.#around.now()));
  }

  /** Resolves with the reply's data; rejects with `Problem`, or `Offline` when nobody knows whether it was done. */
  command<Name extends keyof WireCommands>(name: Name, data: WireCommands[Name], idempotent: boolean): Promise<unknown> {
    const { id, effects } = this.#session.command(name, data, idempotent, this.#around.now());
    const reply = new Promise((resolve, reject) => this.#replies.set(id, { resolve, reject }));
    this.#run(effects);
    return reply;
  }

  send(name: "presence" | "voice" | "members", d: unknown): void {
    this.#run(this.#session.send(name, d));
  }

  #run(effects: readonly SessionEffect[]): void {
    for (const effect of effects) this.#do(effect);
    this.#cancel?.();
    const deadline = this.#session.deadline();
    const tick = () => this.#run(this.#session.tick(this.#around.now()));
    this.#cancel = deadline === null ? null : this.#around.timer(Math.max(0, deadline - this.#around.now()), tick);
    this.#tell();
  }

  #do(effect: SessionEffect): void {
    switch (effect.kind) {
      case "connect":
        return this.#open();
      case "send":
        return this.#socket?.readyState === 1 ? this.#socket.send(effect.frame) : undefined;
      case "close":
        return this.#drop(effect.code, effect.reason);
      case "authenticate":
        return void this.#authenticate(effect.renew);
      case "dispatch":
        return this.#events.event(effect.event);
      case "reply":
        return this.#answer(effect);
      case "up":
        this.#lostAt = null;
        return this.#events.up(effect.resumed);
      case "down":
        this.#lostAt ??= this.#around.now();
        return undefined;
      case "latency":
        this.#latency = effect.milliseconds;
        return undefined;
      case "signed-out":
        return this.#events.signedOut(effect.reason);
    }
  }

  /** A socket that was let go of says nothing more. */
  #open(): void {
    this.#drop(1000, "");
    const socket = this.#around.socket(this.#url);
    const current = () => this.#socket === socket;
    this.#socket = socket;
    socket.addEventListener("open", () => current() && this.#run(this.#session.opened(this.#around.now())));
    socket.binaryType = "arraybuffer";
    const receive = (text: string) => current() && this.#run(this.#session.receive(text, this.#around.now()));
    const inOrder = unpacked(receive, () => current() && this.#drop(4002, "not readable"));
    socket.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) => inOrder(data));
    socket.addEventListener("close", ({ code }) => {
      if (!current()) return;
      this.#socket = null;
      this.#run(this.#session.closed(code, this.#around.now()));
    });
  }

  #drop(code: number, reason: string): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(code, reason);
  }

  async #authenticate(renew: boolean): Promise<void> {
    const socket = this.#socket;
    let token: string | null = null;
    let unreachable = false;
    try {
      token = renew ? await this.#tokens.renew(this.#lastToken) : await this.#tokens.access();
    } catch {
      unreachable = true;
    }
    if (socket !== this.#socket) return;
    if (token === null) return this.#run(this.#session.unauthenticated(!unreachable, this.#around.now()));
    this.#lastToken = token;
    this.#run(this.#session.authenticate(token));
  }

  #answer({ id, outcome }: Extract<SessionEffect, { kind: "reply" }>): void {
    const waiting = this.#replies.get(id);
    this.#replies.delete(id);
    if (outcome.ok) waiting?.resolve(outcome.data);
    else waiting?.reject(outcome.problem ? new Problem(outcome.problem) : new Offline("no reply"));
  }

  #tell(): void {
    const { phase, wakeAt, attempt } = this.#session;
    const shown = { idle: "idle", connecting: "connecting", greeting: "connecting", open: "open", waiting: "waiting" } as const;
    const link: Link = { phase: shown[phase], lostAt: this.#lostAt, nextAttemptAt: wakeAt, attempt: phase === "open" ? 0 : attempt, latency: this.#latency };
    const told = this.#told;
    if (told && link.phase === told.phase && link.lostAt === told.lostAt && link.nextAttemptAt === told.nextAttemptAt && link.latency === told.latency) return;
    this.#told = link;
    this.#events.link(link);
  }
}
