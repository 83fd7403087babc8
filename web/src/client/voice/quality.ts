/** How good the line is, from the numbers of the peer connection. */

import type { CallQuality } from "./api";

/** Totals of one report; loss is told from what changed since the last one. */
export interface LineSample {
  /** Milliseconds. */
  readonly rtt: number | null;
  readonly jitter: number | null;
  readonly received: number;
  readonly lost: number;
  /** Share that the other side says it lost of what we send, 0 to 1. */
  readonly outgoingLoss: number | null;
  readonly codec: string | null;
}

export function judge(now: LineSample, before: LineSample | null): CallQuality {
  const received = now.received - (before?.received ?? 0);
  const lost = Math.max(0, now.lost - (before?.lost ?? 0));
  const incoming = received + lost > 0 ? lost / (received + lost) : null;
  const loss = incoming === null && now.outgoingLoss === null ? null : Math.max(incoming ?? 0, now.outgoingLoss ?? 0);
  return { bars: barsOf(now.rtt, loss, now.jitter), rtt: now.rtt, loss, jitter: now.jitter, codec: now.codec };
}

/** What people notice: late answers, holes, unsteadiness. The worst of the three counts. */
export function barsOf(rtt: number | null, loss: number | null, jitter: number | null): CallQuality["bars"] {
  return Math.min(grade(rtt, 100, 200, 400), grade(loss, 0.01, 0.03, 0.1), grade(jitter, 20, 40, 80)) as 1 | 2 | 3 | 4;
}

function grade(value: number | null, excellent: number, good: number, fair: number): 1 | 2 | 3 | 4 {
  return value === null || value <= excellent ? 4 : value <= good ? 3 : value <= fair ? 2 : 1;
}

/** Adds up the reports of a call's audio. Units of the browser are seconds; ours are milliseconds. */
export function sampleOf(reports: readonly RTCStatsReport[]): LineSample {
  const sample = { rtt: null as number | null, jitter: null as number | null, received: 0, lost: 0, outgoingLoss: null as number | null, codec: null as string | null };
  for (const entry of reports.flatMap((report) => [...report.values()] as Record<string, unknown>[])) {
    const number = (name: string) => (typeof entry[name] === "number" ? entry[name] : null);
    if (entry.type === "candidate-pair" && entry.nominated === true) sample.rtt = scaled(number("currentRoundTripTime")) ?? sample.rtt;
    if (entry.type === "inbound-rtp" && entry.kind === "audio") {
      sample.received += number("packetsReceived") ?? 0;
      sample.lost += number("packetsLost") ?? 0;
      sample.jitter = Math.max(sample.jitter ?? 0, scaled(number("jitter")) ?? 0);
    }
    if (entry.type === "remote-inbound-rtp" && entry.kind === "audio") {
      sample.outgoingLoss = number("fractionLost") ?? sample.outgoingLoss;
      sample.rtt ??= scaled(number("roundTripTime"));
    }
    if (entry.type === "codec" && typeof entry.mimeType === "string" && entry.mimeType.startsWith("audio/")) sample.codec = entry.mimeType.slice(6);
  }
  return sample;
}

function scaled(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000;
}
