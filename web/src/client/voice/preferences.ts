/** Voice settings, kept on this device. */

import { createStore, type StoreApi } from "zustand/vanilla";

import type { Shelf } from "../storage";
import type { VoiceSettings } from "./api";

const key = "hubbub.voice";

export const usualSettings: VoiceSettings = {
  mode: "voice",
  pushKey: "Space",
  threshold: 0.25,
  microphone: null,
  speaker: null,
  cameraDevice: null,
  echoCancellation: true,
  noiseSuppression: true,
  autoGain: true,
  outputVolume: 1,
  tones: { join: true, leave: true, mute: true, unmute: true, deafen: true, disconnected: true },
  people: {},
};

/** Every change is written at once; what an older version did not know is as usual. */
export function settingsStore(shelf: Shelf): StoreApi<VoiceSettings> {
  const saved = shelf.read<Partial<VoiceSettings>>(key) ?? {};
  const store = createStore<VoiceSettings>(() => ({ ...usualSettings, ...saved, tones: { ...usualSettings.tones, ...saved.tones } }));
  store.subscribe((settings) => shelf.write(key, settings));
  return store;
}

export function volumeOf(settings: VoiceSettings, person: string): { volume: number; muted: boolean } {
  return settings.people[person] ?? { volume: 1, muted: false };
}

/** Somebody heard as usual needs no entry. */
export function withVolume(settings: VoiceSettings, person: string, change: Partial<{ volume: number; muted: boolean }>): VoiceSettings {
  const next = { ...volumeOf(settings, person), ...change };
  const volume = Math.min(2, Math.max(0, next.volume));
  const { [person]: _, ...others } = settings.people;
  return { ...settings, people: volume === 1 && !next.muted ? others : { ...others, [person]: { volume, muted: next.muted } } };
}
