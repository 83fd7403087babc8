import { describe, expect, test } from "vitest";

import { Offline, Problem } from "../errors";
import { FakeStorage } from "../testing/shelf";
import { channel, readyWith, server } from "../testing/things";
import { FakeSound, FakeVoiceInstance } from "../testing/voice";
import type { CallPlace } from "./api";
import { createCall } from "./call";

const origin = "https://bay.example";
const place = (channelId: string): CallPlace => ({ origin, serverId: "100", channelId });

function world() {
  const sound = new FakeSound();
  const bay = new FakeVoiceInstance();
  const storage = new FakeStorage();
  const call = createCall({ instance: (at) => (at === origin ? bay : null), shelf: storage.tab(), world: sound.world });
  return { sound, bay, call, storage, state: () => call.store.getState() };
}

async function joined(channelId = "10") {
  const made = world();
  void made.call.join(place(channelId));
  await made.sound.clock.pass(1);
  expect(made.state().phase).toBe("connected");
  return made;
}

describe("joining and leaving", () => {
  test("shows the place at once, sound follows", async () => {
    const { call, state, sound, bay } = world();
    void call.join(place("10"));
    expect(state()).toMatchObject({ phase: "connecting", place: { channelId: "10" } });
    await sound.clock.pass(1);
    expect(state().phase).toBe("connected");
    expect(sound.room.log).toEqual(["connect wss://media/10", "publish"]);
    expect([sound.tones, bay.asked]).toEqual([["join"], ["POST /channels/10/voice/join"]]);
  });

  test("leaving closes everything and gives the seat back", async () => {
    const { call, state, sound, bay } = await joined();
    await call.leave();
    expect(state()).toMatchObject({ phase: "idle", place: null });
    expect([sound.room.log.at(-1), sound.microphone.closed, sound.tones, bay.asked.at(-1)]).toEqual(["close", true, ["join", "leave"], "DELETE /voice"]);
  });

  test("the seat is given back after the answer to the join, which it would overtake", async () => {
    const { call, state, sound, bay } = world();
    let answer = (): void => undefined;
    bay.pause = new Promise((done) => (answer = done));
    void call.join(place("10"));
    void call.leave();
    await sound.clock.pass(1);
    expect([state().phase, bay.asked]).toEqual(["idle", ["POST /channels/10/voice/join"]]);
    answer();
    await sound.clock.pass(1);
    expect(bay.asked).toEqual(["POST /channels/10/voice/join", "DELETE /voice"]);
  });

  test("also after an answer that never came", async () => {
    const { call, sound, bay } = world();
    bay.failure = new Offline();
    void call.join(place("10"));
    void call.leave();
    await sound.clock.pass(1);
    expect(bay.asked).toEqual(["POST /channels/10/voice/join", "DELETE /voice"]);
  });

  test("going elsewhere before the first room answered ends in the second only", async () => {
    const { call, state, sound } = world();
    void call.join(place("10"));
    void call.join(place("11"));
    await sound.clock.pass(1);
    expect(state()).toMatchObject({ phase: "connected", place: { channelId: "11" } });
    expect(sound.media.map(({ log }) => log[0])).toEqual(["close", "connect wss://media/11"]);
    expect(sound.tones).toEqual(["join"]);
  });

  test("joining the room one is in does nothing", async () => {
    const { call, sound, bay } = await joined();
    await call.join(place("10"));
    expect([sound.media.length, bay.asked.length]).toEqual([1, 1]);
  });

  test("a room that refuses says why, and a second try may succeed", async () => {
    const { call, state, sound, bay } = world();
    bay.failure = new Problem({ code: "voice.full", detail: "Five people fit in here." });
    await call.join(place("10"));
    expect(state()).toMatchObject({ phase: "failed", place: { channelId: "10" }, failure: { code: "refused", detail: "Five people fit in here." } });
    expect(sound.microphones.every(({ closed }) => closed)).toBe(true);
    bay.failure = null;
    await call.retry();
    await sound.clock.pass(1);
    expect(state().phase).toBe("connected");
  });

  test("without a microphone one still listens, and is told why", async () => {
    const { call, state, sound } = world();
    sound.noMicrophone = Object.assign(new Error(), { trouble: "blocked" });
    void call.join(place("10"));
    await sound.clock.pass(1);
    expect(state()).toMatchObject({ phase: "connected", micTrouble: "blocked" });
    expect(sound.room.log).toEqual(["connect wss://media/10"]);
  });
});

describe("when something breaks", () => {
  test("media that breaks is joined again until the seat is gone", async () => {
    const { state, sound } = await joined();
    sound.noMedia = new Error("no path");
    sound.room.events.ended("lost");
    expect(state()).toMatchObject({ phase: "reconnecting", place: { channelId: "10" } });
    await sound.clock.pass(20_000);
    expect(state().phase).toBe("reconnecting");
    await sound.clock.pass(40_000);
    expect(state()).toMatchObject({ phase: "failed", failure: { code: "no-media-path" } });
    expect(sound.tones.at(-1)).toBe("disconnected");
  });

  test("and comes back without a tone when it is there again", async () => {
    const { state, sound, bay } = await joined();
    bay.failure = new Offline();
    sound.room.events.ended("lost");
    await sound.clock.pass(4_000);
    bay.failure = null;
    await sound.clock.pass(10_000);
    expect([state().phase, sound.tones]).toEqual(["connected", ["join"]]);
  });

  test("a media node that is gone is left for the one that the instance knows", async () => {
    const { state, sound, bay } = await joined();
    sound.room.nodeIsThere = false;
    sound.room.events.reconnecting();
    await sound.clock.pass(600);
    expect([state().phase, sound.media.length, bay.asked.at(-1)]).toEqual(["connected", 2, "POST /channels/10/voice/join"]);
  });

  test("a media node that answers is left to the library", async () => {
    const { state, sound, bay } = await joined();
    sound.room.events.reconnecting();
    sound.room.events.reconnecting();
    await sound.clock.pass(5_000);
    expect(state().phase).toBe("reconnecting");
    sound.room.events.reconnected();
    sound.room.nodeIsThere = false;
    await sound.clock.pass(60_000);
    expect([state().phase, bay.asked]).toEqual(["connected", ["POST /channels/10/voice/join"]]);
  });

  test("while the instance does not answer either, the library is left to try", async () => {
    const { state, sound, bay } = await joined();
    sound.room.nodeIsThere = false;
    bay.failure = new Offline();
    sound.room.events.reconnecting();
    await sound.clock.pass(3_000);
    expect([state().phase, sound.media.length]).toEqual(["reconnecting", 1]);
    bay.failure = null;
    await sound.clock.pass(600);
    expect([state().phase, sound.media.length]).toEqual(["connected", 2]);
  });

  test("an instance that cannot place the room yet is asked again", async () => {
    const { state, sound, bay } = await joined();
    bay.failure = new Problem({ code: "unavailable", status: 503 });
    sound.room.events.ended("lost");
    await sound.clock.pass(500);
    expect(state().phase).toBe("reconnecting");
    bay.failure = null;
    await sound.clock.pass(3_000);
    expect(state().phase).toBe("connected");
  });

  test("a moderator's move is followed", async () => {
    const { state, sound, bay } = await joined();
    sound.room.events.ended("removed");
    expect(state().phase).toBe("reconnecting");
    bay.tellState(bay.state("11"));
    await sound.clock.pass(5_000);
    expect(state()).toMatchObject({ phase: "connected", place: { channelId: "11" } });
    expect(sound.room.log[0]).toBe("connect wss://media/11");
  });

  test("a move is followed with what is known of the seat; only a person's own wish goes without", async () => {
    const { call, sound, bay } = await joined();
    const moved = bay.state("11");
    bay.tellState(moved);
    await sound.clock.pass(1);
    void call.join(place("10"));
    await sound.clock.pass(1);
    expect(bay.bodies.map((body) => body?.seq)).toEqual([undefined, moved.seq, undefined]);
  });

  test("put out while a move is followed: not followed, not tried again, whichever tells first", async () => {
    const overruled = new Problem({ code: "voice.overruled" });
    const first = await joined();
    first.bay.tellState(first.bay.state("11"));
    first.bay.failure = overruled;
    first.bay.tellState(first.bay.state(null));
    await first.sound.clock.pass(60_000);
    const second = await joined();
    second.bay.failure = overruled;
    second.bay.tellState(second.bay.state("11"));
    await second.sound.clock.pass(3_000);
    for (const { state, bay } of [first, second]) {
      expect(state()).toMatchObject({ phase: "failed", failure: { code: "removed" } });
      expect(bay.asked).toEqual(["POST /channels/10/voice/join", "POST /channels/11/voice/join"]);
    }
  });

  test("moved on, or back, while a move is followed: the last move holds", async () => {
    for (const last of ["12", "10"]) {
      const { state, sound, bay } = await joined();
      bay.tellState(bay.state("11"));
      bay.tellState(bay.state(last));
      await sound.clock.pass(5_000);
      expect(state()).toMatchObject({ phase: "connected", place: { channelId: last } });
    }
  });

  test("a move that is told while broken media waits to be tried again is followed too", async () => {
    const { state, sound, bay } = await joined();
    sound.room.events.ended("lost");
    bay.tellState(bay.state("11"));
    await sound.clock.pass(60_000);
    expect(state()).toMatchObject({ phase: "connected", place: { channelId: "11" } });
    expect(bay.asked.slice(1)).toEqual(["POST /channels/11/voice/join"]);
  });

  test("when the instance is back with a new session, broken media does not wait any longer", async () => {
    const { state, sound, bay } = await joined();
    const ready = { t: "READY", d: readyWith([server({ channels: [channel("10", { type: "voice" })], voice_states: [bay.state("10")] })]) } as const;
    bay.tell(ready);
    expect(sound.media).toHaveLength(1);
    sound.room.events.reconnecting();
    bay.tell(ready);
    await sound.clock.pass(1);
    expect([state().phase, sound.media.length, sound.tones]).toEqual(["connected", 2, ["join"]]);
  });

  test("put out is put out, whichever tells first", async () => {
    const first = await joined();
    first.bay.tellState(first.bay.state(null));
    expect(first.state()).toMatchObject({ phase: "failed", failure: { code: "removed" } });
    const second = await joined();
    second.sound.room.events.ended("removed");
    await second.sound.clock.pass(3_000);
    expect(second.state()).toMatchObject({ phase: "failed", failure: { code: "removed" } });
    await second.sound.clock.pass(60_000);
    expect(second.sound.media).toHaveLength(1);
  });

  test("the same person in another place or tab wins, without a fight", async () => {
    const { state, sound, bay } = await joined();
    sound.room.events.ended("elsewhere");
    expect(state().failure?.code).toBe("elsewhere");
    const other = await joined();
    other.sound.otherTabJoins(origin);
    expect(other.state().failure?.code).toBe("elsewhere");
    await sound.clock.pass(60_000);
    expect(bay.asked).toEqual(["POST /channels/10/voice/join"]);
  });

  test("a seat taken by another device of yours ends the call here, and is not taken back", async () => {
    const { state, sound, bay } = await joined();
    bay.tellState({ ...bay.state("11"), device: "another" });
    expect(state()).toMatchObject({ phase: "failed", failure: { code: "elsewhere" } });
    expect(sound.media.length).toBe(1);
  });

  test("an old state of one's own changes nothing", async () => {
    const { state, bay } = await joined();
    bay.tellState(bay.state("11", { seq: 1 }));
    expect(state()).toMatchObject({ phase: "connected", place: { channelId: "10" } });
  });
});

describe("flags", () => {
  test("are shown and sent at once as absolute values, and again when the link is back", async () => {
    const { call, state, bay, sound } = await joined();
    call.setDeaf(true);
    expect(state()).toMatchObject({ selfMute: true, selfDeaf: true, muted: true, deafened: true });
    expect([bay.flags, sound.microphone.gate]).toEqual([[{ self_mute: true, self_deaf: true }], "shut"]);
    bay.up();
    call.setDeaf(false);
    expect(bay.flags.slice(1)).toEqual([{ self_mute: true, self_deaf: true }, { self_mute: false, self_deaf: false }]);
    expect([sound.microphone.gate, sound.room.log.slice(-2)]).toEqual(["level", ["muted", "unmuted"]]);
  });

  test("a moderator's mute holds against one's own wish", async () => {
    const { call, state, bay, sound } = await joined();
    bay.tellState(bay.state("10", { mute: true }));
    call.setMute(true);
    call.setMute(false);
    expect(state()).toMatchObject({ selfMute: false, serverMute: true, muted: true });
    expect(sound.microphone.gate).toBe("shut");
    bay.tellState(bay.state("10"));
    expect([state().muted, sound.microphone.gate]).toEqual([false, "level"]);
  });

  test("who may not speak in a room joins it silently", async () => {
    const { call, state, bay, sound } = world();
    const ask = bay.rest.ask;
    bay.rest.ask = async <T>(method: string, path: string) => {
      const ticket = await ask<{ state: object }>(method, path);
      return { ...ticket, state: { ...ticket.state, suppress: true } } as T;
    };
    void call.join(place("10"));
    await sound.clock.pass(1);
    expect(state()).toMatchObject({ suppress: true, muted: true });
    expect(sound.room.log).toContain("publish muted");
  });

  test("outlive the call", async () => {
    const { call, state, sound } = world();
    call.setMute(true);
    void call.join(place("10"));
    await sound.clock.pass(1);
    expect(sound.room.log).toEqual(["connect wss://media/10", "publish muted"]);
    await call.leave();
    expect(state().selfMute).toBe(true);
  });

  test("deafened, nobody is heard; volumes are for me and stay on this device", async () => {
    const { call, state, sound, storage } = await joined();
    sound.room.list = [{ userId: "2", camera: false, screen: false, bars: 4 }];
    sound.room.events.people();
    call.setVolume("2", 1.5);
    expect([state().people["2"]?.volume, sound.room.log.at(-1)]).toEqual([1.5, "hear 2 1.5"]);
    call.setDeaf(true);
    expect(sound.room.log.findLast((line) => line.startsWith("hear"))).toBe("hear 2 not");
    expect(storage.values.get("hubbub.voice")).toContain("https://bay.example|2");
  });
});

describe("the microphone", () => {
  test("push to talk gates, keeps the track, and ends 200 ms after the key", async () => {
    const { call, state, sound } = await joined();
    call.change({ mode: "push" });
    expect(sound.microphone.gate).toBe("shut");
    call.pressTalk();
    call.pressTalk();
    expect([state().talkKey, sound.microphone.gate]).toEqual([true, "open"]);
    call.releaseTalk();
    await sound.clock.pass(199);
    expect(sound.microphone.gate).toBe("open");
    await sound.clock.pass(1);
    expect([state().talkKey, sound.microphone.gate]).toEqual([false, "shut"]);
    call.pressTalk();
    call.releaseAll();
    expect([state().talkKey, sound.microphone.gate]).toEqual([false, "shut"]);
    expect(sound.room.log).toEqual(["connect wss://media/10", "publish"]);
  });

  test("muted wins over the key", async () => {
    const { call, sound } = await joined();
    call.change({ mode: "push" });
    call.setMute(true);
    call.pressTalk();
    expect(sound.microphone.gate).toBe("shut");
  });

  test("talking while muted is noticed, at most every 20 s", async () => {
    const { call, state, sound } = await joined();
    sound.microphone.loudness = 0.8;
    await sound.clock.pass(1_000);
    expect(state().mutedTalkAt).toBeNull();
    call.setMute(true);
    await sound.clock.pass(1_000);
    const first = state().mutedTalkAt;
    expect(first).not.toBeNull();
    await sound.clock.pass(18_000);
    expect(state().mutedTalkAt).toBe(first);
    await sound.clock.pass(2_000);
    expect(state().mutedTalkAt).toBeGreaterThan(first ?? 0);
    expect(sound.tones.filter((tone) => tone === "talkingMuted")).toHaveLength(2);
  });

  test("a test of the microphone and a call share it; the last one closes it", async () => {
    const { call, sound } = await joined();
    const end = await call.testMicrophone();
    await call.leave();
    expect(sound.microphone.closed).toBe(false);
    end();
    expect([sound.microphones.length, sound.microphone.closed]).toEqual([1, true]);
  });
});

describe("tones", () => {
  test("tell of others coming and going, and each can be turned off", async () => {
    const { call, sound, bay } = await joined();
    bay.tellState(bay.state("10", {}, "2"));
    bay.tellState(bay.state("10", { self_mute: true }, "2"));
    bay.tellState(bay.state("11", {}, "3"));
    bay.tellState(bay.state(null, {}, "2"));
    expect(sound.tones).toEqual(["join", "join", "leave"]);
    call.change({ tones: { join: false, leave: true, mute: true, unmute: true, deafen: true, disconnected: true } });
    bay.tellState(bay.state("10", {}, "2"));
    expect(sound.tones).toHaveLength(3);
  });
});
