/**
 * The call as long as nobody calls: what screens read of it is here with the first paint, the machine behind it
 * (microphone, seat, media) comes in an idle moment or with the first wish.
 */

import { createStore, type StoreApi } from "zustand/vanilla";

import type { Id } from "../wire";
import type { Call, CallPlace, CallState, DeviceList, VideoSource, VoiceSettings } from "./api";
import { idle, initial, noDevices } from "./call-states";
import type { CallOptions } from "./call-world";
import { settingsStore } from "./preferences";

interface Options extends Pick<CallOptions, "instance" | "shelf" | "world"> {
  /** Where the machine comes from. */
  load?: () => Promise<typeof import("./call")>;
}

export function callLater(options: Options): Call & { warm(): Promise<unknown> } {
  return new CallLater(options);
}

class CallLater implements Call {
  readonly store: StoreApi<CallState> = createStore<CallState>(() => initial);
  readonly settings: StoreApi<VoiceSettings>;
  readonly devices: StoreApi<DeviceList> = createStore<DeviceList>(() => noDevices);

  #options: Options;
  #call: Call | null = null;
  #coming: Promise<Call> | null = null;
  #disposed = false;

  constructor(options: Options) {
    this.#options = options;
    this.settings = settingsStore(options.shelf);
  }

  /** Loads the machine and the media library ahead of the first call. */
  warm(): Promise<unknown> {
    return Promise.allSettled([this.#load(), import("./media")]);
  }

  async join(place: CallPlace): Promise<void> {
    if (this.#call) return this.#call.join(place);
    this.store.setState({ ...idle, phase: "connecting", place });
    const call = await this.#load().catch(() => null);
    if (this.store.getState().place !== place) return; // left, or went elsewhere, in the meantime
    if (!call) return this.store.setState({ ...idle, phase: "failed", place, failure: { code: "offline", detail: "" } });
    this.store.setState(idle);
    await call.join(place);
  }

  async leave(): Promise<void> {
    if (this.#call) return this.#call.leave();
    this.store.setState(idle);
  }

  async retry(): Promise<void> {
    const { place, phase } = this.store.getState();
    if (this.#call) return this.#call.retry();
    if (place && phase === "failed") await this.join(place);
  }

  setMute(on: boolean): void {
    this.#tell((call) => call.setMute(on));
  }

  setDeaf(on: boolean): void {
    this.#tell((call) => call.setDeaf(on));
  }

  pressTalk(): void {
    this.#call?.pressTalk();
  }

  releaseTalk(): void {
    this.#call?.releaseTalk();
  }

  releaseAll(): void {
    this.#call?.releaseAll();
  }

  async setCamera(on: boolean): Promise<void> {
    await (await this.#load()).setCamera(on);
  }

  level(): number {
    return this.#call?.level() ?? 0;
  }

  levelOf(userId: Id): number {
    return this.#call?.levelOf(userId) ?? 0;
  }

  attachVideo(userId: Id | "me", source: VideoSource, element: HTMLVideoElement): () => void {
    return this.#call?.attachVideo(userId, source, element) ?? (() => undefined);
  }

  setVolume(userId: Id, volume: number): void {
    this.#tell((call) => call.setVolume(userId, volume));
  }

  setMutedForMe(userId: Id, muted: boolean): void {
    this.#tell((call) => call.setMutedForMe(userId, muted));
  }

  change(settings: Partial<VoiceSettings>): void {
    this.settings.setState(settings);
  }

  async refreshDevices(): Promise<void> {
    await (await this.#load()).refreshDevices();
  }

  async testMicrophone(): Promise<() => void> {
    return (await this.#load()).testMicrophone();
  }

  async testSpeaker(): Promise<void> {
    await (await this.#load()).testSpeaker();
  }

  async resumeSound(): Promise<void> {
    await (await this.#load()).resumeSound();
  }

  dispose(): void {
    this.#disposed = true;
    this.#call?.dispose();
  }

  #tell(what: (call: Call) => void): void {
    if (this.#call) what(this.#call);
    else void this.#load().then(what, () => undefined); // without a line there is no call to tell
  }

  /** A machine that did not arrive is asked for again the next time. */
  #load(): Promise<Call> {
    this.#coming ??= (this.#options.load ?? (() => import("./call")))().then(
      ({ createCall }) => this.#arrived(createCall({ ...this.#options, store: this.store, settings: this.settings })),
      (error: unknown) => {
        this.#coming = null;
        throw error;
      },
    );
    return this.#coming;
  }

  #arrived(call: Call): Call {
    if (this.#disposed) call.dispose();
    this.#call = call;
    this.devices.setState(call.devices.getState());
    call.devices.subscribe((devices) => this.devices.setState(devices));
    return call;
  }
}
