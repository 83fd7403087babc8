/**
 * What can go wrong between client and instance:
 *
 *     Error
 *     ├── Problem   the instance answered no; `code` is stable, `detail` says what to do
 *     └── Offline   no answer: no network, no instance, a proxy in between, a socket that closed first
 */

import type { FieldError, ProblemBody } from "./wire";

export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: string;
  readonly status: number;
  /** In words for the person, from the instance. */
  readonly detail: string;
  /** Per field of the form that was sent. */
  readonly errors: readonly FieldError[];
  /** Seconds to wait; null when waiting does not help. */
  readonly retryAfter: number | null;

  constructor(body: Partial<ProblemBody> & { code: string }) {
    super(body.detail ?? body.title ?? body.code);
    this.code = body.code;
    this.status = body.status ?? 0;
    this.detail = body.detail ?? body.title ?? body.code;
    this.errors = body.errors ?? [];
    this.retryAfter = body.retry_after ?? null;
  }
}

export class Offline extends Error {
  override readonly name = "Offline";
  readonly code = "offline";

  constructor(cause?: unknown) {
    super("The instance could not be reached.", { cause });
  }
}

/** Code and words of either, for places that keep a failure in state. */
export function describeFailure(error: unknown): { code: string; detail: string } {
  if (error instanceof Problem) return { code: error.code, detail: error.detail };
  if (error instanceof Offline) return { code: error.code, detail: error.message };
  throw error;
}
