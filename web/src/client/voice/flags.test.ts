import { describe, expect, test } from "vitest";

import { openFlags, withDeaf, withMute } from "./flags";
import { TalkKey } from "./talk-key";

describe("mute and deaf", () => {
  test("deafening mutes, undeafening brings back the mute that was", () => {
    const open = withDeaf(openFlags, true);
    expect(open).toMatchObject({ mute: true, deaf: true });
    expect(withDeaf(open, false)).toMatchObject({ mute: false, deaf: false });
    const muted = withDeaf(withMute(openFlags, true), true);
    expect(withDeaf(muted, false)).toMatchObject({ mute: true, deaf: false });
  });

  test("unmuting while deafened means both", () => {
    expect(withMute(withDeaf(openFlags, true), false)).toMatchObject({ mute: false, deaf: false });
  });

  test("muting while deafened is remembered for afterwards only when it was said before", () => {
    expect(withDeaf(withMute(withDeaf(openFlags, true), true), false)).toMatchObject({ mute: false, deaf: false });
  });

  test("values are absolute: saying one twice changes nothing", () => {
    const deaf = withDeaf(openFlags, true);
    expect(withDeaf(deaf, true)).toBe(deaf);
    const muted = withMute(openFlags, true);
    expect(withMute(muted, true)).toBe(muted);
  });
});

describe("push to talk", () => {
  test("opens with the key and closes 200 ms after it", () => {
    const key = new TalkKey();
    expect(key.openAt(0)).toBe(false);
    key.press();
    expect(key.openAt(50)).toBe(true);
    key.release(1_000);
    expect([key.openAt(1_199), key.openAt(1_200), key.deadline()]).toEqual([true, false, 1_200]);
  });

  test("key repeat is nothing, and a press in the tail goes on", () => {
    const key = new TalkKey();
    expect([key.press(), key.press(), key.press()]).toEqual([true, false, false]);
    key.release(0);
    expect([key.press(), key.openAt(5_000)]).toEqual([true, true]);
  });

  test("losing the window closes at once", () => {
    const key = new TalkKey();
    key.press();
    key.letGo();
    expect([key.openAt(0), key.deadline()]).toEqual([false, null]);
    key.release(10);
    expect(key.openAt(20)).toBe(false);
  });
});
