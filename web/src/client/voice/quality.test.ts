import { describe, expect, test } from "vitest";

import { FakeStorage } from "../testing/shelf";
import { settingsStore, usualSettings, volumeOf, withVolume } from "./preferences";
import { barsOf, judge, sampleOf } from "./quality";

function report(...entries: object[]): RTCStatsReport {
  return new Map(entries.map((entry, index) => [String(index), entry])) as unknown as RTCStatsReport;
}

describe("the line", () => {
  test.each([
    [24, 0, 5, 4],
    [150, 0, 5, 3],
    [24, 0.02, 5, 3],
    [24, 0, 70, 2],
    [24, 0.2, 5, 1],
    [900, 0, 5, 1],
    [null, null, null, 4],
  ])("rtt %s, loss %s, jitter %s is %i bars", (rtt, loss, jitter, bars) => {
    expect(barsOf(rtt, loss, jitter)).toBe(bars);
  });

  test("adds up what is received, in our units, and takes loss from what changed", () => {
    const line = (received: number, lost: number) =>
      sampleOf([
        report(
          { type: "candidate-pair", nominated: true, currentRoundTripTime: 0.024 },
          { type: "inbound-rtp", kind: "audio", packetsReceived: received, packetsLost: lost, jitter: 0.003 },
          { type: "codec", mimeType: "audio/opus" },
          { type: "codec", mimeType: "video/VP8" },
        ),
        report({ type: "inbound-rtp", kind: "audio", packetsReceived: 100, packetsLost: 0, jitter: 0.001 }),
      ]);
    const quality = judge(line(990, 10), line(900, 0));
    expect(quality).toMatchObject({ rtt: 24, jitter: 3, codec: "opus", bars: 2 });
    expect(quality.loss).toBeCloseTo(0.1);
  });

  test("what the other side lost of ours counts too", () => {
    expect(judge(sampleOf([report({ type: "remote-inbound-rtp", kind: "audio", fractionLost: 0.05, roundTripTime: 0.05 })]), null)).toMatchObject({ loss: 0.05, rtt: 50, bars: 2 });
  });
});

describe("preferences", () => {
  test("survive a reload, and an older version's are completed", () => {
    const storage = new FakeStorage();
    settingsStore(storage.tab()).setState({ mode: "push" });
    storage.values.set("hubbub.voice", JSON.stringify({ mode: "push", tones: { join: false } }));
    expect(settingsStore(storage.tab()).getState()).toEqual({ ...usualSettings, mode: "push", tones: { ...usualSettings.tones, join: false } });
  });

  test("volume stays between nothing and double, and as usual leaves no trace", () => {
    const loud = withVolume(usualSettings, "o|2", { volume: 3 });
    expect(volumeOf(loud, "o|2")).toEqual({ volume: 2, muted: false });
    expect(withVolume(loud, "o|2", { volume: 1 }).people).toEqual({});
    expect(withVolume(usualSettings, "o|2", { muted: true }).people["o|2"]).toEqual({ volume: 1, muted: true });
  });
});
