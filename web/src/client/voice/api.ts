/** The call as screens see it. Loading the media library is the call's business: nothing here pulls it into the first chunk. */

import type { StoreApi } from "zustand/vanilla";

import type { Id } from "../wire";

export interface CallPlace {
  readonly origin: string;
  readonly serverId: Id;
  readonly channelId: Id;
}

/** Why there is no call or no sound from you; words belong to the screen. `detail` comes from the instance where it has one. */
export interface CallFailure {
  readonly code: "refused" | "offline" | "no-media-path" | "removed" | "ended" | "elsewhere";
  readonly detail: string;
}

export type MicTrouble = "blocked" | "missing" | "busy" | "insecure";

export interface CallQuality {
  /** 0 lost, 1 poor, 2 fair, 3 good, 4 excellent. */
  readonly bars: 0 | 1 | 2 | 3 | 4;
  /** Milliseconds; null until measured. */
  readonly rtt: number | null;
  /** Share of packets, 0 to 1. */
  readonly loss: number | null;
  /** Milliseconds. */
  readonly jitter: number | null;
  readonly codec: string | null;
}

/** Somebody else in the call, as far as media goes; who is in the room is in `voiceStates`. */
export interface CallPerson {
  readonly userId: Id;
  readonly camera: boolean;
  readonly screen: boolean;
  readonly bars: CallQuality["bars"];
  /** For me only: 0 to 2, 1 is as sent. */
  readonly volume: number;
  readonly mutedForMe: boolean;
}

export type VideoSource = "camera" | "screen";
export type Tone = "join" | "leave" | "mute" | "unmute" | "deafen" | "disconnected";

export interface CallState {
  readonly phase: "idle" | "connecting" | "connected" | "reconnecting" | "failed";
  /** Where the call is or, in "failed", was meant to be. */
  readonly place: CallPlace | null;
  readonly failure: CallFailure | null;
  /** Your own flags. They are shown at once and count even before the room answers; they outlive a call. */
  readonly selfMute: boolean;
  readonly selfDeaf: boolean;
  /** A moderator's flags, from VOICE_STATE_UPDATE. */
  readonly serverMute: boolean;
  readonly serverDeaf: boolean;
  /** You may not speak in this room. */
  readonly suppress: boolean;
  /** Effective: own or moderator's, or suppressed. */
  readonly muted: boolean;
  readonly deafened: boolean;
  /** Push to talk is held (or in its 200 ms tail). */
  readonly talkKey: boolean;
  /** Sound leaves this device right now: not muted and the gate is open. */
  readonly transmitting: boolean;
  readonly micTrouble: MicTrouble | null;
  readonly camera: "off" | "starting" | "on";
  readonly cameraTrouble: MicTrouble | null;
  readonly people: Readonly<Record<Id, CallPerson>>;
  readonly quality: CallQuality;
  /** When you last talked while muted, ms of Date.now(); rises at most every 20 s. */
  readonly mutedTalkAt: number | null;
  /** Sound cannot play before a click (browser policy): offer a button that calls `resumeSound`. */
  readonly soundBlocked: boolean;
}

export interface VoiceSettings {
  readonly mode: "voice" | "push";
  /** KeyboardEvent.code that opens push to talk. */
  readonly pushKey: string;
  /** Level 0 to 1 (of `level()`) above which the gate opens in "voice" mode; 0 never closes. */
  readonly threshold: number;
  readonly microphone: string | null;
  readonly speaker: string | null;
  readonly cameraDevice: string | null;
  readonly echoCancellation: boolean;
  readonly noiseSuppression: boolean;
  readonly autoGain: boolean;
  /** 0 to 2, over everybody. */
  readonly outputVolume: number;
  readonly tones: Readonly<Record<Tone, boolean>>;
  /** By `<origin>|<user>`. */
  readonly people: Readonly<Record<string, { readonly volume: number; readonly muted: boolean }>>;
}

export interface DeviceList {
  readonly microphones: readonly Device[];
  readonly speakers: readonly Device[];
  readonly cameras: readonly Device[];
  /** This browser can send sound to a chosen speaker. */
  readonly canChooseSpeaker: boolean;
}

export interface Device {
  readonly id: string;
  readonly label: string;
}

export interface Call {
  readonly store: StoreApi<CallState>;
  readonly settings: StoreApi<VoiceSettings>;
  readonly devices: StoreApi<DeviceList>;

  /** Goes there now: leaves any other call first. The place shows at once, sound follows. */
  join(place: CallPlace): Promise<void>;
  leave(): Promise<void>;
  /** After "failed": tries the same place again. */
  retry(): Promise<void>;

  /** Absolute. Unmuting while deafened also undeafens. */
  setMute(on: boolean): void;
  /** Absolute. Deafening mutes; undeafening restores the mute you had. */
  setDeaf(on: boolean): void;
  /** Push to talk. Repeats are ignored; the gate closes 200 ms after release, at once on `releaseAll` (blur). */
  pressTalk(): void;
  releaseTalk(): void;
  releaseAll(): void;
  setCamera(on: boolean): Promise<void>;

  /** Own smoothed level, 0 to 1, before the network (attack 40 ms, release 220 ms). Read it once per animation frame. */
  level(): number;
  /** The same for somebody's stream as it is played here; 0 when they are not in the call. */
  levelOf(userId: Id): number;

  /** Plays that person's picture in `element` until the returned function is called. Pictures nobody shows are not received. */
  attachVideo(userId: Id | "me", source: VideoSource, element: HTMLVideoElement): () => void;

  setVolume(userId: Id, volume: number): void;
  setMutedForMe(userId: Id, muted: boolean): void;
  change(settings: Partial<VoiceSettings>): void;
  /** Asks for names of devices; the first time the browser may ask the person. */
  refreshDevices(): Promise<void>;
  /** Opens the microphone outside a call, for the level meter in settings. The returned function closes it. */
  testMicrophone(): Promise<() => void>;
  testSpeaker(): Promise<void>;
  resumeSound(): Promise<void>;
  dispose(): void;
}
