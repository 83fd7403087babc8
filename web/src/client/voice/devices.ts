/** Microphones, speakers and cameras of this device. */

import { createStore, type StoreApi } from "zustand/vanilla";

import type { Device, DeviceList } from "./api";

export interface Devices {
  readonly store: StoreApi<DeviceList>;
  refresh(): Promise<void>;
  dispose(): void;
}

/** Keeps itself right when something is plugged in. Names stay empty until the person allowed a microphone or camera. */
export function watchDevices(): Devices {
  const media = "mediaDevices" in navigator ? navigator.mediaDevices : null;
  const canChooseSpeaker = typeof HTMLMediaElement !== "undefined" && "setSinkId" in HTMLMediaElement.prototype;
  const store = createStore<DeviceList>(() => ({ microphones: [], speakers: [], cameras: [], canChooseSpeaker }));
  const refresh = async () => {
    const all = (await media?.enumerateDevices().catch(() => [])) ?? [];
    const of = (kind: MediaDeviceKind): Device[] => all.filter((device) => device.kind === kind && device.deviceId !== "").map(({ deviceId, label }) => ({ id: deviceId, label }));
    store.setState({ microphones: of("audioinput"), speakers: of("audiooutput"), cameras: of("videoinput") });
  };
  const changed = () => void refresh();
  media?.addEventListener("devicechange", changed);
  return { store, refresh, dispose: () => media?.removeEventListener("devicechange", changed) };
}
