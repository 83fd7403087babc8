/** What a call asks of its media, whatever library carries it. */

import type { Id } from "../wire";
import type { CallPerson, VideoSource } from "./api";
import type { Hearing } from "./listener";

/** "lost": nobody said anything, try again. */
export type MediaEnd = "closed" | "elsewhere" | "removed" | "lost";

export interface MediaEvents {
  reconnecting(): void;
  reconnected(): void;
  ended(why: MediaEnd): void;
  /** Somebody's tracks or line changed. */
  people(): void;
  soundBlocked(blocked: boolean): void;
  /** Also when the right to film was taken. */
  cameraEnded(): void;
}

export interface MediaPerson {
  readonly userId: Id;
  readonly camera: boolean;
  readonly screen: boolean;
  readonly bars: CallPerson["bars"];
}

export interface Media {
  connect(url: string, token: string): Promise<void>;
  /** Heard whenever that is allowed, now or later in this call. */
  publish(track: MediaStreamTrack, muted: boolean): Promise<void>;
  setMuted(muted: boolean): Promise<void>;
  setCamera(on: boolean, deviceId: string | null): Promise<void>;
  people(): readonly MediaPerson[];
  hear(userId: Id, hearing: Hearing): void;
  level(userId: Id, now: number): number;
  attach(userId: Id | "me", source: VideoSource, element: HTMLVideoElement): () => void;
  reports(): Promise<readonly RTCStatsReport[]>;
  /** After a click; true: sound plays now. */
  startSound(): Promise<boolean>;
  /** Whether the media node can be reached at all, by a way of its own. */
  nodeAnswers(): Promise<boolean>;
  close(): Promise<void>;
}
