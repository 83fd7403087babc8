/** Where a call's state begins and what an end leaves of it: your own flags outlive a call, everything of the room goes. */

import type { CallQuality, CallState, DeviceList } from "./api";

export const noQuality: CallQuality = { bars: 0, rtt: null, loss: null, jitter: null, codec: null };

export const idle = {
  phase: "idle",
  place: null,
  failure: null,
  people: {},
  quality: noQuality,
  camera: "off",
  transmitting: false,
  serverMute: false,
  serverDeaf: false,
  suppress: false,
  soundBlocked: false,
} as const satisfies Partial<CallState>;

export const initial: CallState = {
  ...idle,
  selfMute: false,
  selfDeaf: false,
  muted: false,
  deafened: false,
  talkKey: false,
  micTrouble: null,
  cameraTrouble: null,
  mutedTalkAt: null,
};

export const noDevices: DeviceList = { microphones: [], speakers: [], cameras: [], canChooseSpeaker: false };
