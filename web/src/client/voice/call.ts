/**
 * The call: which room, how far along, and what the flags are. A state machine over three things that go their own way:
 * the seat (REST and VOICE_STATE_UPDATE), the media (livekit-client) and the microphone.
 *
 * The rule that keeps them together: `#turn` counts the places this call has gone to; whatever comes back from an
 * earlier turn is closed and forgotten. The seat decides where the call is (a moderator may move it), the media only
 * whether it sounds.
 */

import { createStore, type StoreApi } from "zustand/vanilla";

import { soonThenBackoff } from "../backoff";
import { Offline, Problem } from "../errors";
import { at } from "../rest";
import type { Id, VoiceState, VoiceTicket } from "../wire";
import type { Call, CallFailure, CallPlace, CallState, DeviceList, Tone, VideoSource, VoiceSettings } from "./api";
import { idle, initial, noQuality } from "./call-states";
import { type CallOptions, type CallWorld, realWorld } from "./call-world";
import type { Devices } from "./devices";
import { measureLine } from "./line";
import { openFlags, type OwnFlags, withDeaf, withMute } from "./flags";
import { hearAll, peopleOf } from "./heard";
import { inOrder } from "./in-order";
import { VoiceInput } from "./input";
import type { Media, MediaEnd, MediaEvents } from "./media-port";
import { NodeWatch } from "./node-gone";
import { settingsStore, withVolume } from "./preferences";
import { type CallInstance, watchSeat } from "./seat";

const holdSeat = 30_000; // milliseconds that a broken call is tried again: as long as the instance keeps the seat
export function createCall(options: CallOptions): Call {
  return new HubbubCall(options);
}

class HubbubCall implements Call {
  readonly store: StoreApi<CallState>;
  readonly settings: StoreApi<VoiceSettings>;
  readonly devices: StoreApi<DeviceList>;

  #instanceOf: (origin: string) => CallInstance | null;
  #world: CallWorld;
  #devices: Devices;
  #input: VoiceInput;
  #flags: OwnFlags = openFlags;
  #turn = 0;
  #media: Media | null = null;
  #hasInput = false;
  #endings: (() => void)[] = [];
  /** Outlives broken media: while a call is tried again, the seat may move or go. */
  #unwatch: (() => void) | null = null;
  #seatSeq = 0;
  #device = ""; // which of your devices holds the seat: this one, as the ticket said
  #brokenAt: number | null = null;
  #attempt = 0;
  #unhear: () => void;
  #node: NodeWatch;
  #inOrder = inOrder();

  constructor(options: CallOptions) {
    const world = options.world ?? realWorld();
    this.#instanceOf = options.instance;
    this.#world = world;
    this.store = options.store ?? createStore<CallState>(() => initial);
    this.settings = options.settings ?? settingsStore(options.shelf);
    this.#devices = world.devices();
    this.devices = this.#devices.store;
    this.#input = new VoiceInput(world, {
      transmitting: (transmitting) => this.store.setState({ transmitting }),
      talkKey: (talkKey) => this.store.setState({ talkKey }),
      trouble: (micTrouble) => this.store.setState({ micTrouble }),
      talkingMuted: () => {
        this.store.setState({ mutedTalkAt: world.now() });
        world.tone("talkingMuted");
      },
    }, this.settings.getState());
    this.#node = new NodeWatch(world, () => this.#broke(new Offline("media")));
    this.settings.subscribe((settings) => {
      this.#input.change(settings);
      this.#hearAll();
    });
    this.#unhear = world.tabs.heard((origin) => origin === this.store.getState().place?.origin && this.#inCall() && this.#fail({ code: "elsewhere", detail: "" }));
  }

  async join(place: CallPlace): Promise<void> {
    const old = this.store.getState().place;
    if (this.#inCall() && old?.channelId === place.channelId && old.origin === place.origin) return;
    if (this.#inCall() && old && old.origin !== place.origin) this.#giveUpSeat(old);
    this.#brokenAt = null;
    this.#attempt = 0;
    this.#seatSeq = 0; // the person asks: no earlier decision holds
    this.#forgetSeat();
    await this.#go(place, "connecting");
  }

  async leave(): Promise<void> {
    const { place } = this.store.getState();
    const was = this.#inCall();
    this.#end();
    this.#forgetSeat();
    this.store.setState(idle);
    if (!place || !was) return;
    this.#tone("leave");
    await this.#giveUpSeat(place);
  }

  async retry(): Promise<void> {
    const { place, phase } = this.store.getState();
    if (place && phase === "failed") await this.join(place);
  }

  setMute(on: boolean): void {
    if (this.#flags.mute !== on) this.#tone(on ? "mute" : "unmute");
    this.#setFlags(withMute(this.#flags, on));
  }

  setDeaf(on: boolean): void {
    if (this.#flags.deaf !== on) this.#tone(on ? "deafen" : "unmute");
    this.#setFlags(withDeaf(this.#flags, on));
  }

  pressTalk(): void {
    this.#input.press();
  }

  releaseTalk(): void {
    this.#input.release();
  }

  releaseAll(): void {
    this.#input.letGo();
  }

  async setCamera(on: boolean): Promise<void> {
    const media = this.#media;
    if (!media) return;
    this.store.setState({ camera: on ? "starting" : "off", cameraTrouble: null });
    try {
      await media.setCamera(on, this.settings.getState().cameraDevice);
      if (media === this.#media) this.store.setState({ camera: on ? "on" : "off" });
    } catch (error) {
      if (media === this.#media) this.store.setState({ camera: "off", cameraTrouble: this.#world.troubleOf(error) });
    }
  }

  level(): number {
    return this.#input.level();
  }

  levelOf(userId: Id): number {
    return this.#media?.level(userId, this.#world.now()) ?? 0;
  }

  attachVideo(userId: Id | "me", source: VideoSource, element: HTMLVideoElement): () => void {
    return this.#media?.attach(userId, source, element) ?? (() => undefined);
  }

  setVolume(userId: Id, volume: number): void {
    this.#setPerson(userId, { volume });
  }

  setMutedForMe(userId: Id, muted: boolean): void {
    this.#setPerson(userId, { muted });
  }

  change(settings: Partial<VoiceSettings>): void {
    this.settings.setState(settings);
  }

  refreshDevices(): Promise<void> {
    return this.#devices.refresh();
  }

  async testMicrophone(): Promise<() => void> {
    await this.#input.open();
    await this.#devices.refresh();
    return () => this.#input.close();
  }

  async testSpeaker(): Promise<void> {
    await this.#world.wakeSound();
    this.#world.tone("join");
  }

  async resumeSound(): Promise<void> {
    this.store.setState({ soundBlocked: !((await this.#media?.startSound()) ?? true) });
  }

  dispose(): void {
    this.#end();
    this.#forgetSeat();
    this.#unhear();
    this.#devices.dispose();
  }

  // ---- going somewhere ---------------------------------------------------------------------------------------------

  async #go(place: CallPlace, phase: "connecting" | "reconnecting"): Promise<void> {
    this.#end();
    const turn = this.#turn;
    const instance = this.#instanceOf(place.origin);
    this.store.setState({ ...idle, phase, place });
    if (!instance) return this.#fail({ code: "offline", detail: "" });
    this.#world.tabs.tell(place.origin);
    this.#hasInput = true;
    const input = this.#input.open();
    try {
      const body = { self_mute: this.#flags.mute, self_deaf: this.#flags.deaf, ...(this.#seatSeq && { seq: this.#seatSeq }) };
      const [ticket, media] = await Promise.all([
        this.#inOrder(place.origin, () => instance.rest.ask<VoiceTicket>("POST", at`/channels/${place.channelId}/voice/join`, { body })),
        this.#world.media(this.#mediaEvents(turn)),
      ]);
      if (turn !== this.#turn) return void media.close();
      this.#media = media;
      this.#seated(ticket.state, ticket.state.device);
      this.#follow(instance, place.channelId);
      await media.connect(ticket.url, ticket.token);
      if (turn === this.#turn) this.#arrived(turn, media, input);
    } catch (error) {
      if (turn === this.#turn) this.#broke(error);
    }
  }

  #arrived(turn: number, media: Media, input: ReturnType<VoiceInput["open"]>): void {
    const again = this.store.getState().phase === "reconnecting";
    this.#brokenAt = null;
    this.#attempt = 0;
    this.store.setState({ phase: "connected", failure: null, quality: { ...noQuality, bars: 4 } });
    if (!again) this.#tone("join");
    this.#people();
    this.#endings.push(measureLine(media, this.#world.later, (quality) => this.store.setState({ quality })));
    void input.then(async (microphone) => {
      if (microphone && turn === this.#turn) await media.publish(microphone.track, this.store.getState().muted).catch(() => undefined);
    });
  }

  /** The seat is known: flags of moderators count from here. */
  #seated(state: VoiceState, device = this.#device): void {
    this.#device = device;
    this.#seatSeq = Math.max(this.#seatSeq, state.seq);
    this.store.setState({ serverMute: state.mute, serverDeaf: state.deaf, suppress: state.suppress });
    this.#effective();
  }

  #follow(instance: CallInstance, channelId: Id): void {
    this.#forgetSeat();
    this.#unwatch = watchSeat(instance, channelId, {
      mine: (state) => this.#moved(state),
      stated: (state) => this.#stated(state),
      came: () => this.#tone("join"),
      went: () => this.#tone("leave"),
      up: () => this.#sayFlags(),
    });
  }

  /** Own state from the instance: a moderator's flags, another room, or none. */
  #moved(state: VoiceState): void {
    const { place } = this.store.getState(); // it may be on its way already
    if (!place || state.seq <= this.#seatSeq) return;
    if (state.channel_id !== null && state.device !== this.#device) return this.#fail({ code: "elsewhere", detail: "" });
    this.#seated(state);
    if (state.channel_id === place.channelId) return;
    if (!state.channel_id) return this.#fail({ code: "removed", detail: "" });
    void this.#go({ origin: place.origin, serverId: state.server_id, channelId: state.channel_id }, "reconnecting");
  }

  /**
   * After a lost gateway session the seat may be gone or elsewhere: a room that forgot us is entered again. Media that
   * broke at the same time went down with the instance, so there is nothing to wait for.
   */
  #stated(seat: VoiceState | null): void {
    const { phase, place } = this.store.getState();
    if (!place || phase === "connecting") return;
    if (seat && seat.channel_id !== place.channelId) this.#moved(seat);
    else if (!seat || phase === "reconnecting") void this.#go(place, "reconnecting");
  }

  // ---- going wrong -------------------------------------------------------------------------------------------------

  #mediaEvents(turn: number): MediaEvents {
    const current = <T extends unknown[]>(body: (...args: T) => void) => (...args: T) => {
      if (turn === this.#turn) body(...args);
    };
    return {
      reconnecting: current(() => this.#reconnecting(true)),
      reconnected: current(() => this.#reconnecting(false)),
      ended: current((why) => this.#mediaEnded(why)),
      people: current(() => this.#people()),
      soundBlocked: current((soundBlocked) => this.store.setState({ soundBlocked })),
      cameraEnded: current(() => this.store.setState({ camera: "off" })),
    };
  }

  #reconnecting(on: boolean): void {
    const { phase, place } = this.store.getState();
    this.store.setState({ phase: on ? "reconnecting" : "connected" });
    if (!on) this.#node.stop();
    else if (phase !== "reconnecting" && place) this.#node.start(this.#media, this.#instanceOf(place.origin));
  }

  /** "removed" waits a little: the seat says whether that was the end or a move. */
  #mediaEnded(why: MediaEnd): void {
    if (why === "closed") return;
    if (why === "elsewhere") return this.#fail({ code: "elsewhere", detail: "" });
    if (why === "lost") return this.#broke(new Offline("media"));
    const turn = this.#turn;
    this.store.setState({ phase: "reconnecting" });
    this.#endings.push(this.#world.later(3_000, () => turn === this.#turn && this.#fail({ code: "removed", detail: "" })));
  }

  /** The room refused, or nobody answered: the first is final, the second is tried again while the seat is kept. */
  #broke(error: unknown): void {
    if (error instanceof Problem && error.code === "voice.overruled") return this.#mediaEnded("removed"); // or moved on
    if (error instanceof Problem && error.status < 500) return this.#fail({ code: "refused", detail: error.detail });
    const { place } = this.store.getState();
    this.#brokenAt ??= this.#world.now();
    if (!place || this.#world.now() - this.#brokenAt >= holdSeat) return this.#fail({ code: error instanceof Offline ? "offline" : "no-media-path", detail: "" });
    this.#end();
    this.store.setState({ phase: "reconnecting" });
    const turn = this.#turn;
    this.#endings.push(this.#world.later(soonThenBackoff(this.#attempt++, this.#world.random), () => void (turn === this.#turn && this.#go(place, "reconnecting"))));
  }

  #fail(failure: CallFailure): void {
    const { place } = this.store.getState();
    this.#end();
    this.#forgetSeat();
    this.store.setState({ ...idle, phase: "failed", place, failure });
    this.#tone("disconnected");
  }

  /** Lets go of media, microphone and timers; what is still on its way belongs to an older turn. */
  #end(): void {
    this.#turn += 1;
    this.#node.stop();
    for (const end of this.#endings.splice(0)) end();
    void this.#media?.close();
    this.#media = null;
    if (this.#hasInput) this.#input.close();
    this.#hasInput = false;
  }

  #forgetSeat(): void {
    this.#unwatch?.();
    this.#unwatch = null;
  }

  async #giveUpSeat({ origin }: CallPlace): Promise<void> {
    await this.#inOrder(origin, async () => this.#instanceOf(origin)?.rest.ask("DELETE", "/voice")).catch(() => undefined);
  }

  #inCall(): boolean {
    const { phase } = this.store.getState();
    return phase === "connecting" || phase === "connected" || phase === "reconnecting";
  }

  // ---- flags, people, line -----------------------------------------------------------------------------------------

  #setFlags(flags: OwnFlags): void {
    if (flags.mute === this.#flags.mute && flags.deaf === this.#flags.deaf) return;
    this.#flags = flags;
    this.store.setState({ selfMute: flags.mute, selfDeaf: flags.deaf });
    this.#effective();
    this.#sayFlags();
  }

  #sayFlags(): void {
    const { place } = this.store.getState();
    if (place && this.#inCall()) this.#instanceOf(place.origin)?.sendVoice({ self_mute: this.#flags.mute, self_deaf: this.#flags.deaf });
  }

  #effective(): void {
    const { selfMute, selfDeaf, serverMute, serverDeaf, suppress, muted: before } = this.store.getState();
    const muted = selfMute || selfDeaf || serverMute || serverDeaf || suppress;
    this.store.setState({ muted, deafened: selfDeaf || serverDeaf });
    this.#input.setMuted(muted);
    this.#hearAll();
    if (muted !== before) void this.#media?.setMuted(muted).catch(() => undefined);
  }

  #people(): void {
    this.store.setState(({ place }) => ({ people: peopleOf(this.#media, this.settings.getState(), place?.origin) }));
    this.#hearAll();
  }

  #hearAll(): void {
    const { people, place, deafened } = this.store.getState();
    hearAll(this.#media, Object.keys(people), this.settings.getState(), place?.origin, deafened);
  }

  #setPerson(userId: Id, change: Partial<{ volume: number; muted: boolean }>): void {
    const { place } = this.store.getState();
    if (!place) return;
    this.settings.setState((settings) => withVolume(settings, `${place.origin}|${userId}`, change));
    this.#people();
  }

  #tone(tone: Tone): void {
    if (this.settings.getState().tones[tone]) this.#world.tone(tone);
  }
}
