/**
 * The media of one call over livekit-client. Only this file knows the library, and only a call loads it (a chunk of its
 * own). `singlePeerConnection: false` is the v0 path that our media nodes speak.
 */

import {
  ConnectionQuality,
  DisconnectReason,
  type LocalTrackPublication,
  type Participant,
  RemoteAudioTrack,
  type RemoteTrack,
  Room,
  RoomEvent,
  Track,
  VideoPresets,
} from "livekit-client";

import type { Id } from "../wire";
import type { CallPerson, VideoSource } from "./api";
import { type Hearing, Listener } from "./listener";
import type { Media, MediaEnd, MediaEvents, MediaPerson } from "./media-port";
import { soundContext, wakeSound } from "./sound";

const sources = { camera: Track.Source.Camera, screen: Track.Source.ScreenShare } as const;
const bars = new Map<ConnectionQuality, CallPerson["bars"]>([
  [ConnectionQuality.Excellent, 4],
  [ConnectionQuality.Good, 3],
  [ConnectionQuality.Poor, 1],
  [ConnectionQuality.Lost, 0],
  [ConnectionQuality.Unknown, 4],
]);
const endings = new Map<DisconnectReason, MediaEnd>([
  [DisconnectReason.CLIENT_INITIATED, "closed"],
  [DisconnectReason.DUPLICATE_IDENTITY, "elsewhere"],
  [DisconnectReason.PARTICIPANT_REMOVED, "removed"],
  [DisconnectReason.ROOM_DELETED, "removed"],
]);

/** Milliseconds. The library tries for so long by itself; after that the call asks for a new ticket. */
const patience = 8_000;
const retryDelays = [0, 300, 600, 1_200, 2_000];
/** Milliseconds until a media node that says nothing counts as one that is gone. */
const silence = 1_500;

class LiveKitMedia implements Media {
  #events: MediaEvents;
  #room: Room;
  #url = "";
  /** What the microphone hears, and whether it is to be sent. */
  #sound: MediaStreamTrack | null = null;
  #muted = true;
  #publishing = false;
  #publishAgain = false;
  #listeners = new Map<Id, Listener>();
  #hearings = new Map<Id, Hearing>();

  constructor(events: MediaEvents) {
    this.#events = events;
    this.#room = new Room({
      adaptiveStream: true,
      singlePeerConnection: false,
      disconnectOnPageLeave: true,
      stopLocalTrackOnUnpublish: false, // the node unpublishes whom a right was taken: the microphone is needed again when it returns
      reconnectPolicy: { nextRetryDelayInMs: ({ elapsedMs, retryCount }) => (elapsedMs > patience ? null : retryDelays[Math.min(retryCount, retryDelays.length - 1)] ?? 0) },
      publishDefaults: { dtx: true, red: false, simulcast: true, videoCodec: "vp8", backupCodec: false },
      videoCaptureDefaults: { resolution: VideoPresets.h720.resolution },
    });
    this.#listen();
  }

  async connect(url: string, token: string): Promise<void> {
    this.#url = url;
    await this.#room.connect(url, token, { autoSubscribe: true, maxRetries: 1 });
    if (!(await wakeSound()) || !this.#room.canPlaybackAudio) this.#events.soundBlocked(true);
  }

  async publish(track: MediaStreamTrack, muted: boolean): Promise<void> {
    this.#sound = track;
    this.#muted = muted;
    await this.#speak();
  }

  async setMuted(muted: boolean): Promise<void> {
    this.#muted = muted;
    await (muted ? this.#microphone?.mute() : this.#microphone?.unmute());
  }

  /** As it is published: not while that is not allowed. */
  get #microphone(): LocalTrackPublication | undefined {
    return this.#room.localParticipant.getTrackPublication(Track.Source.Microphone);
  }

  /** Publishes the microphone if it may be heard and is not yet. Called whenever that may have changed: the right to speak comes and goes. */
  async #speak(): Promise<void> {
    if (!this.#sound || this.#microphone || !mayPublish(this.#room.localParticipant, Track.Source.Microphone)) return;
    if (this.#publishing) return void (this.#publishAgain = true);
    this.#publishing = true;
    try {
      const options = { source: Track.Source.Microphone, dtx: true, red: false, stopMicTrackOnMute: false };
      await this.#room.localParticipant.publishTrack(this.#sound, options);
      await this.setMuted(this.#muted);
    } finally {
      const again = this.#publishAgain;
      this.#publishing = this.#publishAgain = false;
      if (again) await this.#speak();
    }
  }

  #unpublished(publication: LocalTrackPublication): void {
    if (publication.source === Track.Source.Microphone) void this.#speak().catch(() => undefined); // the right may be back already
    if (publication.source === Track.Source.Camera) {
      publication.track?.stop();
      this.#events.cameraEnded();
    }
    this.#events.people();
  }

  async setCamera(on: boolean, deviceId: string | null): Promise<void> {
    await this.#room.localParticipant.setCameraEnabled(on, deviceId === null ? undefined : { deviceId });
    if (on) return;
    // The library only mutes: unpublished, the camera's light goes out and nobody keeps an empty tile.
    const track = this.#room.localParticipant.getTrackPublication(Track.Source.Camera)?.track;
    if (track) await this.#room.localParticipant.unpublishTrack(track, true);
  }

  people(): readonly MediaPerson[] {
    return Array.from(this.#room.remoteParticipants.values(), (participant) => ({
      userId: participant.identity,
      camera: shows(participant, "camera"),
      screen: shows(participant, "screen"),
      bars: bars.get(participant.connectionQuality) ?? 4,
    }));
  }

  hear(userId: Id, hearing: Hearing): void {
    this.#hearings.set(userId, hearing);
    this.#listeners.get(userId)?.hear(hearing);
  }

  level(userId: Id, now: number): number {
    return this.#listeners.get(userId)?.level(now) ?? 0;
  }

  attach(userId: Id | "me", source: VideoSource, element: HTMLVideoElement): () => void {
    const participant = userId === "me" ? this.#room.localParticipant : this.#room.getParticipantByIdentity(userId);
    const track = participant?.getTrackPublication(sources[source])?.videoTrack;
    track?.attach(element);
    return () => void track?.detach(element);
  }

  async reports(): Promise<readonly RTCStatsReport[]> {
    const local = this.#microphone?.track?.getRTCStatsReport();
    const remote = Array.from(this.#room.remoteParticipants.values(), (participant) => participant.getTrackPublication(Track.Source.Microphone)?.track?.getRTCStatsReport());
    const all = await Promise.all([local, ...remote].map((report) => report?.catch(() => undefined)));
    return all.filter((report) => report !== undefined);
  }

  async startSound(): Promise<boolean> {
    await Promise.all([this.#room.startAudio(), soundContext().resume()]);
    return this.#room.canPlaybackAudio;
  }

  /** Any answer of the node's own counts, also that this request has no token; a proxy's 502 is none. */
  async nodeAnswers(): Promise<boolean> {
    try {
      const answer = await fetch(`${this.#url.replace(/^ws/, "http")}/rtc/validate`, { cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(silence) });
      return answer.status < 500;
    } catch {
      return false;
    }
  }

  async close(): Promise<void> {
    for (const id of Array.from(this.#listeners.keys())) this.#unhear(id);
    await this.#room.disconnect(true);
  }

  #listen(): void {
    const changed = () => this.#events.people();
    this.#room
      .on(RoomEvent.Reconnecting, () => this.#events.reconnecting())
      .on(RoomEvent.SignalReconnecting, () => this.#events.reconnecting())
      .on(RoomEvent.Reconnected, () => this.#events.reconnected())
      .on(RoomEvent.Disconnected, (reason) => this.#events.ended(endings.get(reason ?? DisconnectReason.UNKNOWN_REASON) ?? "lost"))
      .on(RoomEvent.AudioPlaybackStatusChanged, () => this.#events.soundBlocked(!this.#room.canPlaybackAudio))
      .on(RoomEvent.TrackSubscribed, (track, _, participant) => this.#subscribed(track, participant))
      .on(RoomEvent.TrackUnsubscribed, (track, _, participant) => this.#unsubscribed(track, participant))
      .on(RoomEvent.ParticipantConnected, changed)
      .on(RoomEvent.ParticipantDisconnected, changed)
      .on(RoomEvent.TrackMuted, changed)
      .on(RoomEvent.TrackUnmuted, changed)
      .on(RoomEvent.LocalTrackPublished, changed)
      .on(RoomEvent.LocalTrackUnpublished, (publication) => this.#unpublished(publication))
      .on(RoomEvent.ParticipantPermissionsChanged, (_, participant) => void (participant.isLocal && this.#speak().catch(() => undefined)))
      .on(RoomEvent.ConnectionQualityChanged, changed);
  }

  #subscribed(track: RemoteTrack, { identity }: Participant): void {
    if (track instanceof RemoteAudioTrack && track.source === Track.Source.Microphone) {
      this.#unhear(identity);
      const listener = new Listener(track.mediaStreamTrack, track.attach() as HTMLAudioElement);
      this.#listeners.set(identity, listener);
      const hearing = this.#hearings.get(identity);
      if (hearing) listener.hear(hearing);
    }
    this.#events.people();
  }

  #unsubscribed(track: RemoteTrack, { identity }: Participant): void {
    if (track.source === Track.Source.Microphone) this.#unhear(identity);
    for (const element of track.detach()) if (element instanceof HTMLAudioElement) element.remove();
    this.#events.people();
  }

  #unhear(userId: Id): void {
    this.#listeners.get(userId)?.close();
    this.#listeners.delete(userId);
  }
}

function mayPublish({ permissions }: Participant, source: Track.Source): boolean {
  if (!permissions?.canPublish) return false;
  return permissions.canPublishSources.length === 0 || permissions.canPublishSources.includes(Track.sourceToProto(source));
}

function shows(participant: Participant, source: VideoSource): boolean {
  const publication = participant.getTrackPublication(sources[source]);
  return publication?.videoTrack !== undefined && !publication.isMuted;
}

export function createMedia(events: MediaEvents): Media {
  return new LiveKitMedia(events);
}
