/**
 * The gateway session, without a socket: frames and instants go in, effects come out. `connection.ts` owns the socket and
 * the timer and does what the effects say.
 *
 * Invariant: every event of a gateway session is dispatched exactly once and in order, whatever is cut, repeated or
 * late. An event that was handled is skipped by its `s`; a hole in `s` drops the session and identifies anew, because
 * READY states everything.
 */

import { backoff } from "./backoff";
import { CommandQueue, type Outcome } from "./commands";
import type { GatewayEvent, WireCommands } from "./wire";

export type SessionEffect =
  | { kind: "connect" }
  | { kind: "send"; frame: string }
  | { kind: "close"; code: number; reason: string }
  /** Answer with `authenticate(token)`; `renew`: the last token was refused, get another. */
  | { kind: "authenticate"; renew: boolean }
  | { kind: "dispatch"; event: GatewayEvent }
  | { kind: "reply"; id: number; outcome: Outcome }
  /** Events flow again; `resumed` false: this is a new session and READY was dispatched. */
  | { kind: "up"; resumed: boolean }
  | { kind: "down" }
  | { kind: "latency"; milliseconds: number }
  | { kind: "signed-out"; reason: "revoked" | "expired" };

export type SessionPhase = "idle" | "connecting" | "greeting" | "open" | "waiting";

/** Opening a socket, HELLO and READY must each come within this. */
const patience = 15_000;
/** An unanswered heartbeat means a dead line. Any frame counts as an answer. */
const ackPatience = 10_000;
/** A link that held this long was a good one: the next loss starts the waiting times anew. */
const settled = 5_000;

const op = { dispatch: 0, heartbeat: 1, identify: 2, presence: 3, voice: 4, resume: 6, reconnect: 7, members: 8, invalid: 9, hello: 10, ack: 11, command: 20, reply: 21 };
const signOut = new Map<number, "revoked" | "expired">([[4004, "expired"], [4021, "revoked"]]);
const identifyAgain = new Set([4003, 4005, 4007, 4009, 4022]);

interface Frame {
  op: number;
  d?: unknown;
  s?: number;
  t?: string;
}

export class Session {
  phase: SessionPhase = "idle";
  attempt = 0;
  wakeAt: number | null = null;

  #random: () => number;
  #commands = new CommandQueue();
  #sessionId: string | null = null;
  #seq = 0;
  #interval = 0;
  #beatAt: number | null = null;
  #beatSentAt: number | null = null;
  #ackBy: number | null = null;
  #greetBy: number | null = null;
  #openSince: number | null = null;
  /** How the instance took our token: 4004 once asks for a renewed one, 4004 again means nobody is signed in. */
  #token: "trusted" | "refused" | "renewed" = "trusted";
  #client: string;
  #capabilities: readonly string[];

  constructor(options: { client: string; capabilities?: readonly string[]; random?: () => number }) {
    this.#client = options.client;
    this.#capabilities = options.capabilities ?? [];
    this.#random = options.random ?? Math.random;
  }

  start(now: number): SessionEffect[] {
    if (this.phase !== "idle") return [];
    this.attempt = 0;
    this.#token = "trusted";
    return this.#connect(now);
  }

  /** Ends the session for good: what was not answered is told as lost. */
  stop(): SessionEffect[] {
    const effects: SessionEffect[] = this.#commands.failAll().map(toReply);
    if (this.phase === "connecting" || this.phase === "greeting" || this.phase === "open") effects.unshift({ kind: "close", code: 1000, reason: "" });
    this.phase = "idle";
    this.#forget();
    this.#rest();
    return effects;
  }

  /** "Try now", the network came back, the window was shown. An open link is only asked whether it is alive. */
  wake(now: number): SessionEffect[] {
    if (this.phase === "waiting") return this.#connect(now);
    return this.phase === "open" && this.#ackBy === null ? this.#beat(now) : [];
  }

  opened(now: number): SessionEffect[] {
    this.phase = "greeting";
    this.#greetBy = now + patience;
    return [];
  }

  /** The answer to "authenticate". */
  authenticate(token: string): SessionEffect[] {
    if (this.phase !== "greeting") return [];
    if (this.#token === "refused") this.#token = "renewed";
    const frame = this.#sessionId === null
      ? { op: op.identify, d: { token, client: this.#client, capabilities: this.#capabilities } }
      : { op: op.resume, d: { token, session_id: this.#sessionId, seq: this.#seq } };
    return [send(frame)];
  }

  /** No token is to be had: there is nobody to sign in (`signedOut`) or the instance did not answer, then later. */
  unauthenticated(signedOut: boolean, now: number): SessionEffect[] {
    if (this.phase !== "greeting") return [];
    if (!signedOut) return [{ kind: "close", code: 4900, reason: "no token" }, ...this.#wait(now)];
    return [...this.stop(), { kind: "signed-out", reason: "expired" }];
  }

  closed(code: number, now: number): SessionEffect[] {
    if (this.phase === "idle" || this.phase === "waiting") return [];
    const reason = signOut.get(code);
    if (reason === "revoked" || (reason === "expired" && this.#token === "renewed")) return [...this.stop(), { kind: "signed-out", reason }];
    if (reason === "expired") this.#token = "refused";
    if (identifyAgain.has(code)) this.#forget();
    return this.#wait(now);
  }

  command<Name extends keyof WireCommands>(name: Name, data: WireCommands[Name], idempotent: boolean, now: number): { id: number; effects: SessionEffect[] } {
    const command = this.#commands.add(name, data, idempotent);
    if (this.phase !== "open") return { id: command.id, effects: [] };
    this.#commands.sent(command, now);
    return { id: command.id, effects: [send({ op: op.command, d: command.body })] };
  }

  /** PRESENCE, VOICE_STATE and MEMBERS have no reply; while the link is down they are dropped, their owners send anew when it is up. */
  send(name: "presence" | "voice" | "members", d: unknown): SessionEffect[] {
    return this.phase === "open" ? [send({ op: op[name], d })] : [];
  }

  receive(text: string, now: number): SessionEffect[] {
    if (this.phase !== "greeting" && this.phase !== "open") return [];
    const frame = JSON.parse(text) as Frame;
    this.#ackBy = null;
    switch (frame.op) {
      case op.dispatch:
        return this.#dispatched(frame, now);
      case op.hello:
        return this.#hello(frame.d as { heartbeat_interval: number }, now);
      case op.ack:
        return this.#acked(now);
      case op.heartbeat:
        return [this.#heartbeat()];
      case op.reply:
        return this.#commands.answered(frame.d as Parameters<CommandQueue["answered"]>[0]).map(toReply);
      case op.reconnect:
        return [{ kind: "close", code: 4901, reason: "asked to" }, ...this.#wait(now)];
      case op.invalid:
        this.#forget();
        this.phase = "greeting";
        this.#greetBy = now + patience;
        return [{ kind: "authenticate", renew: false }];
      default:
        return [];
    }
  }

  tick(now: number): SessionEffect[] {
    if (this.phase === "waiting") return this.wakeAt !== null && now >= this.wakeAt ? this.#connect(now) : [];
    if (this.phase === "idle") return [];
    if (this.#ackBy !== null && now >= this.#ackBy) return this.#dead("no heartbeat answer", now);
    if (this.#greetBy !== null && now >= this.#greetBy) return this.#dead("no greeting", now);
    const effects: SessionEffect[] = this.#commands.expire(now).map(toReply);
    if (this.#beatAt !== null && now >= this.#beatAt) effects.push(...this.#beat(now));
    return effects;
  }

  /** When `tick` has something to do at the earliest; null: nothing planned. */
  deadline(): number | null {
    const instants = [this.wakeAt, this.#ackBy, this.#greetBy, this.#beatAt, this.#commands.deadline()].filter((at) => at !== null);
    return instants.length === 0 ? null : Math.min(...instants);
  }

  #connect(now: number): SessionEffect[] {
    this.#rest();
    this.phase = "connecting";
    this.#greetBy = now + patience;
    return [{ kind: "connect" }];
  }

  #hello({ heartbeat_interval }: { heartbeat_interval: number }, now: number): SessionEffect[] {
    this.#interval = heartbeat_interval;
    this.#beatAt = now + heartbeat_interval * this.#random();
    return [{ kind: "authenticate", renew: this.#token === "refused" }];
  }

  #dispatched(frame: Frame, now: number): SessionEffect[] {
    const s = frame.s ?? this.#seq;
    const event = { t: frame.t, d: frame.d } as GatewayEvent;
    if (event.t === "READY") {
      this.#sessionId = event.d.session_id;
      this.#seq = s;
      return [{ kind: "dispatch", event }, ...this.#up(false, now)];
    }
    if (this.#sessionId === null || (frame.s !== undefined && s <= this.#seq)) return event.t === "RESUMED" ? this.#up(true, now) : [];
    if (frame.s !== undefined && s > this.#seq + 1) {
      this.#forget();
      return this.#dead("events are missing", now);
    }
    this.#seq = s;
    return [{ kind: "dispatch", event }, ...(event.t === "RESUMED" ? this.#up(true, now) : [])];
  }

  #up(resumed: boolean, now: number): SessionEffect[] {
    this.phase = "open";
    this.#greetBy = null;
    this.#openSince = now;
    this.#token = "trusted";
    const { again, lost } = this.#commands.reopened(now);
    return [{ kind: "up", resumed }, ...lost.map(toReply), ...again.map((body) => send({ op: op.command, d: body }))];
  }

  #beat(now: number): SessionEffect[] {
    this.#beatAt = now + this.#interval;
    this.#beatSentAt = now;
    this.#ackBy = now + ackPatience;
    return [this.#heartbeat()];
  }

  #heartbeat(): SessionEffect {
    return send({ op: op.heartbeat, d: this.#sessionId === null ? null : this.#seq });
  }

  #acked(now: number): SessionEffect[] {
    if (this.#beatSentAt === null) return [];
    const milliseconds = now - this.#beatSentAt;
    this.#beatSentAt = null;
    return [{ kind: "latency", milliseconds }];
  }

  #dead(reason: string, now: number): SessionEffect[] {
    return [{ kind: "close", code: 4902, reason }, ...this.#wait(now)];
  }

  /** The socket is gone: wait, then try again. */
  #wait(now: number): SessionEffect[] {
    const wasOpen = this.phase === "open";
    if (this.#openSince !== null && now - this.#openSince >= settled) this.attempt = 0;
    this.#rest();
    this.phase = "waiting";
    this.wakeAt = now + backoff(this.attempt, this.#random);
    this.attempt += 1;
    return wasOpen || this.attempt === 1 ? [{ kind: "down" }] : [];
  }

  #rest(): void {
    this.wakeAt = this.#beatAt = this.#beatSentAt = this.#ackBy = this.#greetBy = this.#openSince = null;
    this.#commands.interrupted();
  }

  #forget(): void {
    this.#sessionId = null;
    this.#seq = 0;
  }
}

function send(frame: object): SessionEffect {
  return { kind: "send", frame: JSON.stringify(frame) };
}

function toReply({ id, outcome }: { id: number; outcome: Outcome }): SessionEffect {
  return { kind: "reply", id, outcome };
}
