/**
 * What leaves this device: the microphone, its gate, push to talk, and noticing that somebody talks while muted.
 * The gate's rule in one place: muted is shut, push to talk follows the key, otherwise the level decides.
 */

import type { MicTrouble, VoiceSettings } from "./api";
import type { GateOrder } from "./gate-core";
import type { MicSettings } from "./microphone";
import { TalkKey } from "./talk-key";

/** What input.ts needs of `Microphone`. */
export interface MicrophonePort {
  readonly track: MediaStreamTrack;
  onGate: ((open: boolean) => void) | null;
  onEnded: (() => void) | null;
  order(order: GateOrder): void;
  change(settings: MicSettings): Promise<void>;
  level(): number;
  close(): void;
}

export interface InputWorld {
  /** Rejects with an error that carries `trouble`. */
  microphone(settings: MicSettings): Promise<MicrophonePort>;
  now(): number;
  later(milliseconds: number, body: () => void): () => void;
}

export interface InputEvents {
  transmitting(on: boolean): void;
  talkKey(held: boolean): void;
  talkingMuted(): void;
  trouble(trouble: MicTrouble | null): void;
}

/** Talking while muted: this level for this long, told at most this often (milliseconds). */
const spoken = 0.45;
const spokenFor = 400;
const reminder = 20_000;
const look = 100;

export class VoiceInput {
  #world: InputWorld;
  #events: InputEvents;
  #settings: VoiceSettings;
  #key = new TalkKey();
  #muted = true;
  #users = 0;
  #opening: Promise<MicrophonePort | null> | null = null;
  #microphone: MicrophonePort | null = null;
  #stopLooking: (() => void) | null = null;
  #loudFor = 0;
  #remindedAt = -Infinity;

  constructor(world: InputWorld, events: InputEvents, settings: VoiceSettings) {
    this.#world = world;
    this.#events = events;
    this.#settings = settings;
  }

  /** Opens the microphone for one more user; null when it cannot be had (the trouble is told). Pair with `close`. */
  open(): Promise<MicrophonePort | null> {
    this.#users += 1;
    this.#opening ??= this.#capture();
    return this.#opening;
  }

  close(): void {
    this.#users = Math.max(0, this.#users - 1);
    if (this.#users > 0) return;
    this.#opening = null;
    this.#stopLooking?.();
    this.#microphone?.close();
    this.#microphone = this.#stopLooking = null;
    this.#events.transmitting(false);
  }

  level(): number {
    return this.#microphone?.level() ?? 0;
  }

  setMuted(muted: boolean): void {
    if (this.#muted === muted) return;
    this.#muted = muted;
    this.#loudFor = 0;
    this.#order();
  }

  press(): void {
    if (!this.#key.press()) return;
    this.#events.talkKey(true);
    this.#order();
  }

  release(): void {
    this.#key.release(this.#world.now());
    const closes = this.#key.deadline();
    if (closes !== null) this.#world.later(closes - this.#world.now(), () => this.#keyMoved());
  }

  /** The window lost the keyboard. */
  letGo(): void {
    this.#key.letGo();
    this.#keyMoved();
  }

  change(settings: VoiceSettings): void {
    const before = this.#settings;
    this.#settings = settings;
    this.#order();
    const other = (["microphone", "echoCancellation", "noiseSuppression", "autoGain"] as const).some((name) => before[name] !== settings[name]);
    if (other) void this.#microphone?.change(settings).then(() => this.#events.trouble(null), (error: unknown) => this.#events.trouble(troubleIn(error)));
  }

  async #capture(): Promise<MicrophonePort | null> {
    let microphone: MicrophonePort;
    try {
      microphone = await this.#world.microphone(this.#settings);
    } catch (error) {
      this.#opening = null;
      this.#events.trouble(troubleIn(error));
      return null;
    }
    if (this.#users === 0) {
      microphone.close();
      return null;
    }
    this.#microphone = microphone;
    microphone.onGate = (open) => this.#events.transmitting(open);
    microphone.onEnded = () => this.#events.trouble("missing");
    this.#events.trouble(null);
    this.#order();
    this.#watch();
    return microphone;
  }

  #keyMoved(): void {
    if (this.#key.openAt(this.#world.now())) return;
    this.#events.talkKey(false);
    this.#order();
  }

  #order(): void {
    const { mode, threshold } = this.#settings;
    const held = this.#key.openAt(this.#world.now());
    const gate = this.#muted ? "shut" : mode === "voice" ? "level" : held ? "open" : "shut";
    this.#microphone?.order({ mode: gate, threshold });
  }

  #watch(): void {
    this.#stopLooking = this.#world.later(look, () => {
      this.#listenForMutedTalk();
      this.#watch();
    });
  }

  #listenForMutedTalk(): void {
    const loud = this.#muted && this.level() >= Math.max(spoken, this.#settings.threshold);
    this.#loudFor = loud ? this.#loudFor + look : 0;
    if (this.#loudFor < spokenFor || this.#world.now() - this.#remindedAt < reminder) return;
    this.#remindedAt = this.#world.now();
    this.#events.talkingMuted();
  }
}

function troubleIn(error: unknown): MicTrouble {
  return error instanceof Error && "trouble" in error ? (error.trouble as MicTrouble) : "busy";
}
