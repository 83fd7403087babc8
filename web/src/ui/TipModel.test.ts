import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { placeTip, TipTimer } from "./TipModel";

describe("TipTimer", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("waits for the first tip and not for the next", () => {
    const show = vi.fn();
    const timer = new TipTimer(show);
    const [first, second] = [document.createElement("button"), document.createElement("button")];
    timer.over(first);
    vi.advanceTimersByTime(499);
    expect(show).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(show).toHaveBeenLastCalledWith(first);
    timer.over(second);
    expect(show).toHaveBeenLastCalledWith(null);
    vi.advanceTimersByTime(0);
    expect(show).toHaveBeenLastCalledWith(second);
  });

  it("forgets a control that was left in time", () => {
    const show = vi.fn();
    const timer = new TipTimer(show);
    timer.over(document.createElement("button"));
    timer.over(null);
    vi.advanceTimersByTime(1000);
    expect(show).not.toHaveBeenCalled();
  });
});

describe("placeTip", () => {
  const view = { width: 400, height: 300 };
  const tip = { width: 100, height: 24 };
  it("stands above, centred", () => expect(placeTip({ left: 180, top: 100, width: 40, height: 32 }, tip, view)).toEqual({ left: 150, top: 70 }));
  it("goes below at the top and stays inside at the edges", () => {
    expect(placeTip({ left: 0, top: 4, width: 32, height: 32 }, tip, view)).toEqual({ left: 8, top: 42 });
    expect(placeTip({ left: 380, top: 100, width: 20, height: 32 }, tip, view).left).toBe(292);
  });
});
