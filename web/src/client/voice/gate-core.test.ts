import { describe, expect, test } from "vitest";

import { GateCore, type GateMode } from "./gate-core";
import { follow, rmsOf, toLevel } from "./levels";

const rate = 48_000;

/** Feeds a steady tone of this amplitude for so many milliseconds; how loud it leaves at the end, and the last report. */
function feed(core: GateCore, amplitude: number, milliseconds: number) {
  const input = new Float32Array(128);
  const output = new Float32Array(128);
  let report = { level: 0, open: false };
  let sample = 0;
  for (let block = 0; block < Math.round((milliseconds / 1000) * (rate / 128)); block++) {
    for (let i = 0; i < input.length; i++) input[i] = amplitude * Math.sin((2 * Math.PI * 440 * sample++) / rate);
    report = core.process(input, output);
  }
  return { ...report, heard: rmsOf(output) };
}

function gate(mode: GateMode, threshold = 0.5): GateCore {
  const core = new GateCore(rate);
  core.order({ mode, threshold });
  return core;
}

describe("the gate", () => {
  test("shut lets nothing through and still measures", () => {
    const { heard, level, open } = feed(gate("shut"), 0.5, 500);
    expect([heard, open]).toEqual([0, false]);
    expect(level).toBeGreaterThan(0.8);
  });

  test("open lets everything through", () => {
    expect(feed(gate("open"), 0.5, 100).heard).toBeCloseTo(0.35, 1);
  });

  test("by level it opens for speech, holds through pauses of 250 ms and closes after them", () => {
    const core = gate("level");
    expect(feed(core, 0.001, 300).open).toBe(false);
    expect(feed(core, 0.3, 20).open).toBe(true);
    expect(feed(core, 0.001, 240).open).toBe(true);
    expect(feed(core, 0.001, 40)).toMatchObject({ open: false });
    expect(feed(core, 0.001, 40).heard).toBe(0);
  });

  test("a threshold of nothing never closes", () => {
    expect(feed(gate("level", 0), 0, 1_000).open).toBe(true);
  });

  test("opens without a click: no step larger than the ramp allows", () => {
    const core = gate("shut");
    const input = new Float32Array(128).fill(0.5);
    const output = new Float32Array(128);
    core.process(input, output);
    core.order({ mode: "open", threshold: 0 });
    let last = 0;
    for (let block = 0; block < 8; block++) {
      core.process(input, output);
      for (const sample of output) {
        expect(Math.abs(sample - last)).toBeLessThan(0.5 / 300);
        last = sample;
      }
    }
    expect(last).toBeCloseTo(0.5);
  });
});

describe("levels", () => {
  test("are even steps in decibels over 60", () => {
    expect([toLevel(0), toLevel(0.001), toLevel(1)]).toEqual([0, 0, 1]);
    expect(toLevel(0.0316)).toBeCloseTo(0.5, 2);
  });

  test("rise with 40 ms and fall with 220 ms", () => {
    expect(follow(0, 1, 40)).toBeCloseTo(0.632, 2);
    expect(follow(1, 0, 220)).toBeCloseTo(0.368, 2);
    expect(follow(follow(0, 1, 20), 1, 20)).toBeCloseTo(follow(0, 1, 40));
  });
});
