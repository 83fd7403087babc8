/**
 * The microphone: source → gate → a track that is published once and stays, whatever device or key is behind it.
 * Changing the device changes what goes into the gate, not what comes out.
 */

import type { MicTrouble, VoiceSettings } from "./api";
import type { GateOrder, GateReport } from "./gate-core";
import { soundContext } from "./sound";
import workletUrl from "./gate.worklet.ts?worker&url";

export type MicSettings = Pick<VoiceSettings, "microphone" | "echoCancellation" | "noiseSuppression" | "autoGain">;

export class MicrophoneError extends Error {
  readonly trouble: MicTrouble;

  constructor(trouble: MicTrouble, cause: unknown) {
    super(trouble, { cause });
    this.trouble = trouble;
  }
}

export class Microphone {
  /** What goes to the others. */
  readonly track: MediaStreamTrack;
  /** Called when the gate opens or closes. */
  onGate: ((open: boolean) => void) | null = null;
  /** Called when the device is gone (pulled out, taken by the system). */
  onEnded: (() => void) | null = null;

  #gate: AudioWorkletNode;
  #destination: MediaStreamAudioDestinationNode;
  #source: MediaStreamAudioSourceNode | null = null;
  #stream: MediaStream | null = null;
  #report: GateReport = { level: 0, open: false };

  private constructor(context: AudioContext) {
    this.#gate = new AudioWorkletNode(context, "hubbub-gate", { numberOfInputs: 1, numberOfOutputs: 1, outputChannelCount: [1] });
    this.#destination = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
    this.#gate.connect(this.#destination);
    const track = this.#destination.stream.getAudioTracks()[0];
    if (!track) throw new Error("the audio destination has no track");
    this.track = track;
    this.#gate.port.addEventListener("message", ({ data }: MessageEvent<GateReport>) => this.#heard(data));
    this.#gate.port.start();
  }

  /** Throws `MicrophoneError`. */
  static async open(settings: MicSettings): Promise<Microphone> {
    const stream = await capture(settings);
    const context = soundContext();
    await context.audioWorklet.addModule(workletUrl);
    const microphone = new Microphone(context);
    microphone.#plug(stream);
    return microphone;
  }

  /** Another device or other processing; the old one plays on until the new one is there. */
  async change(settings: MicSettings): Promise<void> {
    this.#plug(await capture(settings));
  }

  order(order: GateOrder): void {
    this.#gate.port.postMessage(order);
  }

  /** 0 to 1, before the gate. */
  level(): number {
    return this.#report.level;
  }

  close(): void {
    this.#unplug();
    this.#gate.disconnect();
    this.track.stop();
    this.#report = { level: 0, open: false };
  }

  #plug(stream: MediaStream): void {
    this.#unplug();
    this.#stream = stream;
    this.#source = soundContext().createMediaStreamSource(stream);
    this.#source.connect(this.#gate);
    stream.getAudioTracks()[0]?.addEventListener("ended", () => this.#stream === stream && this.onEnded?.());
  }

  #unplug(): void {
    this.#source?.disconnect();
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#source = this.#stream = null;
  }

  #heard(report: GateReport): void {
    const turned = report.open !== this.#report.open;
    this.#report = report;
    if (turned) this.onGate?.(report.open);
  }
}

async function capture(settings: MicSettings): Promise<MediaStream> {
  if (!("mediaDevices" in navigator)) throw new MicrophoneError("insecure", null);
  const { microphone, echoCancellation, noiseSuppression, autoGain } = settings;
  const audio = { echoCancellation, noiseSuppression, autoGainControl: autoGain, channelCount: 1 };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: microphone === null ? audio : { ...audio, deviceId: { ideal: microphone } } });
  } catch (error) {
    throw new MicrophoneError(troubleOf(error), error);
  }
}

export function troubleOf(error: unknown): MicTrouble {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "blocked";
  return name === "NotFoundError" || name === "OverconstrainedError" ? "missing" : "busy";
}
