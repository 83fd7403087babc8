/**
 * Commands on their way (op 20) and what became of them. A command that may safely run twice (message.send carries a
 * nonce) is sent again after the link was lost; any other that was sent and not answered is told as lost, because
 * nobody knows whether it took effect.
 */

import type { ProblemBody, Reply } from "./wire";

export type Outcome = { ok: true; data: unknown } | { ok: false; problem: ProblemBody } | { ok: false; problem: null };

export interface Answered {
  id: number;
  outcome: Outcome;
}

interface Pending {
  readonly id: number;
  readonly idempotent: boolean;
  readonly body: { id: number; name: string; data: unknown };
  /** When an answer is overdue; null while it was not sent over the link that is up now. */
  expiresAt: number | null;
  sentOnce: boolean;
}

/** Milliseconds to wait for a REPLY. */
const patience = 15_000;
const lost: Outcome = { ok: false, problem: null };

export class CommandQueue {
  #next = 1;
  #pending = new Map<number, Pending>();

  add(name: string, data: unknown, idempotent: boolean): Pending {
    const id = this.#next++;
    const command: Pending = { id, idempotent, body: { id, name, data }, expiresAt: null, sentOnce: false };
    this.#pending.set(id, command);
    return command;
  }

  sent(command: Pending, now: number): void {
    command.sentOnce = true;
    command.expiresAt = now + patience;
  }

  /** An answer to something unknown (answered already, given up) is nothing. */
  answered(reply: Reply): Answered[] {
    const id = Number(reply.id);
    if (!this.#pending.delete(id)) return [];
    return [{ id, outcome: reply.problem ? { ok: false, problem: reply.problem } : { ok: true, data: reply.data } }];
  }

  /** The link is gone; clocks stop until it is back. */
  interrupted(): void {
    for (const command of this.#pending.values()) command.expiresAt = null;
  }

  /** The link is back: bodies to send, and commands whose fate nobody knows. */
  reopened(now: number): { again: Pending["body"][]; lost: Answered[] } {
    const again: Pending["body"][] = [];
    const given: Answered[] = [];
    for (const command of this.#pending.values()) {
      if (command.sentOnce && !command.idempotent) given.push({ id: command.id, outcome: lost });
      else {
        this.sent(command, now);
        again.push(command.body);
      }
    }
    for (const { id } of given) this.#pending.delete(id);
    return { again, lost: given };
  }

  expire(now: number): Answered[] {
    const late = [...this.#pending.values()].filter(({ expiresAt }) => expiresAt !== null && expiresAt <= now);
    for (const { id } of late) this.#pending.delete(id);
    return late.map(({ id }) => ({ id, outcome: lost }));
  }

  failAll(): Answered[] {
    const all = [...this.#pending.keys()].map((id) => ({ id, outcome: lost }));
    this.#pending.clear();
    return all;
  }

  deadline(): number | null {
    let first: number | null = null;
    for (const { expiresAt } of this.#pending.values()) if (expiresAt !== null && (first === null || expiresAt < first)) first = expiresAt;
    return first;
  }
}
