/** A gateway in memory for tests of the sans-IO session: what a server may legally do, frame by frame, and nothing on its own. */

import type { SessionEffect } from "../session";

interface Held {
  id: string;
  log: { s: number; t: string; d: unknown }[];
}

/** The truth is a growing list of numbers: READY states all of it, MESSAGE_CREATE adds one. */
export class FakeGateway {
  truth: number[] = [];
  /** Frames on their way to the client; a cut loses them. */
  inFlight: string[] = [];
  commands: { id: number; name: string; data: unknown }[] = [];
  identifies = 0;
  resumes = 0;
  heartbeats = 0;
  connected = false;
  #sessions = new Map<string, Held>();
  #current: Held | null = null;

  connect(): void {
    this.connected = true;
    this.#current = null;
    this.inFlight = [];
    this.#push({ op: 10, d: { heartbeat_interval: 30_000 } });
  }

  cut(): void {
    this.connected = false;
    this.inFlight = [];
    this.#current = null;
  }

  /** Something happens in the world; whoever has a session gets it in their log, whoever is connected also on the wire. */
  emit(): void {
    const value = this.truth.length;
    this.truth.push(value);
    for (const held of this.#sessions.values()) this.#log(held, "MESSAGE_CREATE", { value });
  }

  /** The server loses its memory of sessions (restart, ring overrun). */
  forget(): void {
    this.#sessions.clear();
    if (this.#current) this.#push({ op: 9, d: { reason: "gone" } });
    this.#current = null;
  }

  /** What the client sent. `overlap`: how many events before `seq` are repeated on resume. */
  handle(effect: SessionEffect, overlap: number): void {
    if (effect.kind !== "send" || !this.connected) return;
    const frame = JSON.parse(effect.frame) as { op: number; d: never };
    if (frame.op === 2) this.#identify();
    if (frame.op === 6) this.#resume(frame.d, overlap);
    if (frame.op === 1) {
      this.heartbeats += 1;
      this.#push({ op: 11 });
    }
    if (frame.op === 20) this.commands.push(frame.d);
  }

  reply(id: number, data: unknown): void {
    this.#push({ op: 21, d: { id, data } });
  }

  #identify(): void {
    this.identifies += 1;
    const held: Held = { id: `s${this.identifies}`, log: [] };
    this.#sessions.set(held.id, held);
    this.#current = held;
    this.#log(held, "READY", { session_id: held.id, all: [...this.truth] });
  }

  #resume({ session_id, seq }: { session_id: string; seq: number }, overlap: number): void {
    this.resumes += 1;
    const held = this.#sessions.get(session_id);
    if (!held) return this.#push({ op: 9, d: { reason: "unknown" } });
    this.#current = held;
    for (const event of held.log.filter(({ s }) => s > Math.max(1, seq - overlap))) this.#push({ op: 0, ...event });
    this.#log(held, "RESUMED", { replayed: 0 });
  }

  #log(held: Held, t: string, d: unknown): void {
    const event = { s: held.log.length + 1, t, d };
    held.log.push(event);
    if (held === this.#current) this.#push({ op: 0, ...event });
  }

  #push(frame: object): void {
    if (this.connected) this.inFlight.push(JSON.stringify(frame));
  }
}
