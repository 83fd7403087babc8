/** A browser's sound in memory: one microphone, one media room, every call written down. */

import { createStore } from "zustand/vanilla";

import { reduce } from "../reduce";
import { emptyState, type InstanceState } from "../state";
import type { CallWorld } from "../voice/call-world";
import type { GateOrder } from "../voice/gate-core";
import type { MicrophonePort } from "../voice/input";
import type { Media, MediaEvents, MediaPerson } from "../voice/media-port";
import type { CallInstance } from "../voice/seat";
import type { GatewayEvent, VoiceState } from "../wire";
import { FakeClock } from "./clock";
import { channel, readyWith, server, user, voice } from "./things";

export class FakeMicrophone implements MicrophonePort {
  track = {} as MediaStreamTrack;
  onGate: ((open: boolean) => void) | null = null;
  onEnded: (() => void) | null = null;
  orders: GateOrder[] = [];
  loudness = 0;
  closed = false;

  order(order: GateOrder): void {
    this.orders.push(order);
  }

  get gate(): string | undefined {
    return this.orders.at(-1)?.mode;
  }

  change(): Promise<void> {
    return Promise.resolve();
  }

  level(): number {
    return this.loudness;
  }

  close(): void {
    this.closed = true;
  }
}

export class FakeMedia implements Media {
  log: string[] = [];
  list: MediaPerson[] = [];
  events: MediaEvents;
  failure: Error | null;

  constructor(events: MediaEvents, failure: Error | null) {
    this.events = events;
    this.failure = failure;
  }

  async connect(url: string): Promise<void> {
    await Promise.resolve();
    if (this.failure) throw this.failure;
    this.log.push(`connect ${url}`);
  }

  async publish(_: MediaStreamTrack, muted: boolean): Promise<void> {
    this.log.push(muted ? "publish muted" : "publish");
  }

  async setMuted(muted: boolean): Promise<void> {
    this.log.push(muted ? "muted" : "unmuted");
  }

  async setCamera(on: boolean): Promise<void> {
    this.log.push(on ? "camera" : "no camera");
  }

  people(): readonly MediaPerson[] {
    return this.list;
  }

  hear(userId: string, { volume, silent }: { volume: number; silent: boolean }): void {
    this.log.push(`hear ${userId} ${silent ? "not" : volume}`);
  }

  level(): number {
    return 0.5;
  }

  attach(): () => void {
    return () => undefined;
  }

  reports(): Promise<readonly RTCStatsReport[]> {
    return Promise.resolve([]);
  }

  startSound(): Promise<boolean> {
    return Promise.resolve(true);
  }

  nodeIsThere = true;

  nodeAnswers(): Promise<boolean> {
    return Promise.resolve(this.nodeIsThere);
  }

  async close(): Promise<void> {
    this.log.push("close");
  }
}

/** An instance as a call sees it: user 1 is you; rooms 10 and 11 are voice rooms of server 100. */
export class FakeVoiceInstance implements CallInstance {
  store = createStore<InstanceState>(() => {
    const rooms = server({ channels: [channel("10", { type: "voice" }), channel("11", { type: "voice" })] });
    return reduce(emptyState("https://bay.example"), { t: "READY", d: readyWith([rooms]) }, 0);
  });
  asked: string[] = [];
  bodies: ({ seq?: number } | undefined)[] = [];
  flags: object[] = [];
  failure: Error | null = null;
  /** Answers wait for it. */
  pause: Promise<void> | null = null;
  #seq = 10;
  #listeners = new Set<(event: GatewayEvent) => void>();
  #ups = new Set<() => void>();

  rest = {
    ask: async <T>(method: string, path: string, options?: { body?: object }): Promise<T> => {
      this.asked.push(`${method} ${path}`);
      this.bodies.push(options?.body);
      await this.pause;
      if (this.failure) throw this.failure;
      const room = /channels\/(\d+)/.exec(path)?.[1] ?? null;
      return { url: `wss://media/${room}`, token: "t", room: `100:${room}`, state: this.state(room) } as T;
    },
  };

  state(room: string | null, change: Partial<VoiceState> = {}, userId = "1"): VoiceState {
    this.#seq += 2;
    return voice(userId, room, { seq: this.#seq, ...change });
  }

  sendVoice(flags: object): void {
    this.flags.push(flags);
  }

  listen(listener: (event: GatewayEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onUp(listener: () => void): () => void {
    this.#ups.add(listener);
    return () => this.#ups.delete(listener);
  }

  up(): void {
    for (const listener of this.#ups) listener();
  }

  tell(event: GatewayEvent): void {
    this.store.setState((state) => reduce(state, event, 0), true);
    for (const listener of this.#listeners) listener(event);
  }

  tellState(state: VoiceState): void {
    this.tell({ t: "VOICE_STATE_UPDATE", d: { ...state, user: user(state.user_id) } });
  }
}

export class FakeSound {
  clock = new FakeClock();
  microphones: FakeMicrophone[] = [];
  media: FakeMedia[] = [];
  tones: string[] = [];
  noMicrophone: Error | null = null;
  noMedia: Error | null = null;
  #heard = new Set<(origin: string) => void>();

  world: CallWorld = {
    microphone: async () => {
      await Promise.resolve();
      if (this.noMicrophone) throw this.noMicrophone;
      const made = new FakeMicrophone();
      this.microphones.push(made);
      return made;
    },
    media: async (events) => {
      const made = new FakeMedia(events, this.noMedia);
      this.media.push(made);
      return made;
    },
    devices: () => ({ store: createStore(() => ({ microphones: [], speakers: [], cameras: [], canChooseSpeaker: false })), refresh: () => Promise.resolve(), dispose: () => undefined }),
    tone: (tone) => this.tones.push(tone),
    wakeSound: () => Promise.resolve(true),
    troubleOf: () => "busy",
    random: () => 0,
    now: this.clock.now,
    later: this.clock.later,
    tabs: {
      tell: () => undefined,
      heard: (listener) => {
        this.#heard.add(listener);
        return () => this.#heard.delete(listener);
      },
    },
  };

  otherTabJoins(origin: string): void {
    for (const listener of this.#heard) listener(origin);
  }

  get microphone(): FakeMicrophone {
    const last = this.microphones.at(-1);
    if (!last) throw new Error("no microphone was opened");
    return last;
  }

  get room(): FakeMedia {
    const last = this.media.at(-1);
    if (!last) throw new Error("no media was made");
    return last;
  }
}
