/**
 * The microphone's gate, sample by sample: measures before it gates, so the meter moves while nothing leaves. Runs in
 * the audio thread (gate.worklet.ts) and, for its tests, anywhere.
 */

import { follow, rmsOf, toLevel } from "./levels";

/** "level": open above the threshold; "open" and "shut" whatever the level. */
export type GateMode = "level" | "open" | "shut";

export interface GateOrder {
  readonly mode: GateMode;
  readonly threshold: number;
}

export interface GateReport {
  /** Smoothed, 0 to 1. */
  readonly level: number;
  readonly open: boolean;
}

/** Milliseconds that the gate stays open after the level fell: the ends of words are quiet. */
const hold = 250;
/** Milliseconds of the ramp that keeps opening and closing from clicking. */
const ramp = 8;

export class GateCore {
  #rate: number;
  #order: GateOrder = { mode: "shut", threshold: 0 };
  #level = 0;
  #gain = 0;
  #heldFor = Infinity;
  #open = false;

  /** Samples per second. */
  constructor(rate: number) {
    this.#rate = rate;
  }

  order(order: GateOrder): void {
    this.#order = order;
  }

  /** Writes one block of gated samples to `output`; the same length as `input`. */
  process(input: Float32Array, output: Float32Array): GateReport {
    const milliseconds = (input.length / this.#rate) * 1000;
    const now = toLevel(rmsOf(input));
    this.#level = follow(this.#level, now, milliseconds);
    this.#heldFor = now >= this.#order.threshold ? 0 : this.#heldFor + milliseconds;
    this.#open = this.#order.mode === "open" || (this.#order.mode === "level" && this.#heldFor <= hold);
    const target = this.#open ? 1 : 0;
    const step = 1000 / (ramp * this.#rate);
    for (let i = 0; i < input.length; i++) {
      this.#gain += Math.max(-step, Math.min(step, target - this.#gain));
      output[i] = (input[i] ?? 0) * this.#gain;
    }
    return { level: this.#level, open: this.#open };
  }
}
