/**
 * How one person is heard here: an audio element for what is sent, plus a gain stage for volumes above one (elements
 * stop at one), plus an analyser for the ring. Sound goes through the element wherever it can: browsers cancel its echo.
 */

import { follow, rmsOf, toLevel } from "./levels";
import { soundContext } from "./sound";

export interface Hearing {
  /** 0 to 2. */
  readonly volume: number;
  readonly silent: boolean;
  readonly speaker: string | null;
}

export class Listener {
  #element: HTMLAudioElement;
  #source: MediaStreamAudioSourceNode;
  #analyser: AnalyserNode;
  #boost: GainNode | null = null;
  #samples: Float32Array<ArrayBuffer>;
  #level = 0;
  #measuredAt = 0;

  /** `element` already plays the stream of `track`. */
  constructor(track: MediaStreamTrack, element: HTMLAudioElement) {
    const context = soundContext();
    this.#element = element;
    this.#source = context.createMediaStreamSource(new MediaStream([track]));
    this.#analyser = new AnalyserNode(context, { fftSize: 1024, smoothingTimeConstant: 0 });
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#source.connect(this.#analyser);
  }

  hear({ volume, silent, speaker }: Hearing): void {
    const boosted = volume > 1 && !silent;
    this.#element.muted = silent;
    this.#element.volume = boosted ? 0 : Math.min(1, volume);
    if (boosted) {
      this.#boost ??= new GainNode(soundContext());
      this.#boost.gain.value = volume;
      this.#source.connect(this.#boost).connect(soundContext().destination);
    } else {
      this.#boost?.disconnect();
      this.#boost = null;
    }
    if ("setSinkId" in this.#element) void this.#element.setSinkId(speaker ?? "").catch(() => undefined);
  }

  /** Smoothed, 0 to 1, as sent (whatever the volume here). `now` in milliseconds, once per frame. */
  level(now: number): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    this.#level = follow(this.#level, toLevel(rmsOf(this.#samples)), Math.min(100, now - this.#measuredAt));
    this.#measuredAt = now;
    return this.#level;
  }

  close(): void {
    this.#source.disconnect();
    this.#boost?.disconnect();
    this.#element.remove();
  }
}
