/** The gate in the audio thread. A file of its own from our own origin: the page's policy allows no other way to load it. */

import { GateCore, type GateOrder } from "./gate-core";

declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: unknown): void;

/** Blocks of 128 samples between two reports: about 21 ms at 48 kHz. */
const every = 8;

class Gate extends AudioWorkletProcessor {
  #core = new GateCore(sampleRate);
  #block = 0;
  #wasOpen = false;
  #silence = new Float32Array(128);

  constructor() {
    super();
    this.port.addEventListener("message", ({ data }: MessageEvent<GateOrder>) => this.#core.order(data));
    this.port.start();
  }

  process(inputs: Float32Array[][], outputs: Float32Array[][]): boolean {
    const output = outputs[0]?.[0];
    if (!output) return true;
    const report = this.#core.process(inputs[0]?.[0] ?? this.#silence, output);
    this.#block += 1;
    if (this.#block % every === 0 || report.open !== this.#wasOpen) this.port.postMessage(report);
    this.#wasOpen = report.open;
    return true;
  }
}

registerProcessor("hubbub-gate", Gate);
