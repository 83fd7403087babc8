/** Short quiet sounds, made on the spot: two notes each, a rising pair for what begins and a falling one for what ends. */

import type { Tone } from "./api";
import { soundContext } from "./sound";

interface Note {
  /** Hertz. */
  readonly pitch: number;
  /** Seconds from the start. */
  readonly at: number;
}

const loudness = 0.08;
const length = 0.11;

const melodies: Readonly<Record<Tone | "talkingMuted", readonly Note[]>> = {
  join: [{ pitch: 523, at: 0 }, { pitch: 784, at: 0.09 }],
  leave: [{ pitch: 784, at: 0 }, { pitch: 523, at: 0.09 }],
  mute: [{ pitch: 440, at: 0 }, { pitch: 330, at: 0.07 }],
  unmute: [{ pitch: 330, at: 0 }, { pitch: 440, at: 0.07 }],
  deafen: [{ pitch: 392, at: 0 }, { pitch: 294, at: 0.07 }, { pitch: 220, at: 0.14 }],
  disconnected: [{ pitch: 466, at: 0 }, { pitch: 370, at: 0.12 }, { pitch: 277, at: 0.24 }],
  talkingMuted: [{ pitch: 262, at: 0 }, { pitch: 262, at: 0.14 }],
};

/** Nothing is heard while the browser still waits for a first click. */
export function playTone(tone: Tone | "talkingMuted"): void {
  const context = soundContext();
  if (context.state !== "running") return;
  for (const { pitch, at } of melodies[tone]) {
    const start = context.currentTime + at;
    const gain = new GainNode(context, { gain: 0 });
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(loudness, start + 0.015);
    gain.gain.exponentialRampToValueAtTime(0.0001, start + length);
    const note = new OscillatorNode(context, { type: "sine", frequency: pitch });
    note.connect(gain).connect(context.destination);
    note.start(start);
    note.stop(start + length);
  }
}
