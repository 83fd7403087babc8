/** What the browser gives a call: real here, by hand in tests. */

import type { StoreApi } from "zustand/vanilla";

import type { Shelf } from "../storage";
import type { CallState, MicTrouble, Tone, VoiceSettings } from "./api";
import { type Devices, watchDevices } from "./devices";
import type { InputWorld } from "./input";
import type { Media, MediaEvents } from "./media-port";
import { Microphone, troubleOf } from "./microphone";
import type { CallInstance } from "./seat";
import { wakeSound } from "./sound";
import { playTone } from "./tones";

export interface CallWorld extends InputWorld {
  /** Loads the media library on first use. */
  media(events: MediaEvents): Promise<Media>;
  devices(): Devices;
  tone(tone: Tone | "talkingMuted"): void;
  wakeSound(): Promise<boolean>;
  troubleOf(error: unknown): MicTrouble;
  random(): number;
  /** One call per person and instance: tabs tell each other, so that the older one gives way without a fight. */
  readonly tabs: { tell(origin: string): void; heard(listener: (origin: string) => void): () => void };
}

/** What a call is made of. */
export interface CallOptions {
  instance(origin: string): CallInstance | null;
  readonly shelf: Shelf;
  readonly world?: CallWorld;
  /** What screens watch already; default: new. */
  readonly store?: StoreApi<CallState>;
  readonly settings?: StoreApi<VoiceSettings>;
}

export function realWorld(): CallWorld {
  return {
    media: async (events) => (await import("./media")).createMedia(events),
    microphone: (settings) => Microphone.open(settings),
    devices: watchDevices,
    tone: playTone,
    wakeSound,
    troubleOf,
    random: Math.random,
    now: () => Date.now(),
    later(milliseconds, body) {
      const handle = setTimeout(body, milliseconds);
      return () => clearTimeout(handle);
    },
    tabs: tabChannel(),
  };
}

function tabChannel(): CallWorld["tabs"] {
  if (!("BroadcastChannel" in globalThis)) return { tell: () => undefined, heard: () => () => undefined };
  const channel = new BroadcastChannel("hubbub.call");
  return {
    tell: (origin) => channel.postMessage(origin),
    heard(listener) {
      const heard = ({ data }: MessageEvent<string>) => listener(data);
      channel.addEventListener("message", heard);
      return () => channel.removeEventListener("message", heard);
    },
  };
}
