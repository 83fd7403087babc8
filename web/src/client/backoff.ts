/** Waiting times between attempts: 1, 2, 5, 10, 20, 40 s, each shortened by up to half so that many clients do not come back in step. */

const steps = [1_000, 2_000, 5_000, 10_000, 20_000, 40_000] as const;

/** Milliseconds before attempt number `attempt` (from 0). `random` gives [0, 1). */
export function backoff(attempt: number, random: () => number): number {
  const step = steps[Math.min(attempt, steps.length - 1)] ?? 40_000;
  return step * (1 - random() / 2);
}

/** The same, after a first attempt within 300 ms: for what is likely to be there again at once, elsewhere. */
export function soonThenBackoff(attempt: number, random: () => number): number {
  return attempt === 0 ? 300 * random() : backoff(attempt - 1, random);
}
