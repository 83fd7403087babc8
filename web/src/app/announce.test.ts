import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Announcer } from "./announce";

describe("Announcer", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function make() {
    const announcer = new Announcer((count) => `${count} new messages`);
    const node = document.createElement("p");
    announcer.attach("room", node);
    return { announcer, read: () => (vi.advanceTimersByTime(50), node.textContent) };
  }

  it("says the first at once and counts what comes within two seconds", () => {
    const { announcer, read } = make();
    announcer.say("room", "Mira: hello");
    expect(read()).toBe("Mira: hello");
    for (const words of ["a", "b", "c"]) announcer.say("room", words);
    expect(read()).toBe("Mira: hello");
    vi.advanceTimersByTime(2000);
    expect(read()).toBe("3 new messages");
  });

  it("reads a single late one in full", () => {
    const { announcer, read } = make();
    announcer.say("room", "a");
    announcer.say("room", "b");
    vi.advanceTimersByTime(2000);
    expect(read()).toBe("b");
  });
});
