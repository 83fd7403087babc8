/** Loudness as the screens show it. */

/** Below this many decibels of full scale a meter shows nothing. */
const floor = -60;
/** Time constants, milliseconds: a ring rises fast and falls slowly. */
const attack = 40;
const release = 220;

/** Root mean square of samples (0 to 1) as a level: 0 at the floor, 1 at full scale, even steps in decibels. */
export function toLevel(rms: number): number {
  if (rms <= 0) return 0;
  const decibels = 20 * Math.log10(rms);
  return Math.min(1, Math.max(0, 1 - decibels / floor));
}

/** `level` after `milliseconds` of moving towards `target`. */
export function follow(level: number, target: number, milliseconds: number): number {
  const constant = target > level ? attack : release;
  return target + (level - target) * Math.exp(-milliseconds / constant);
}

export function rmsOf(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
}
