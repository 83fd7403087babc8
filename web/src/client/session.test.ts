import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { Session, type SessionEffect } from "./session";
import { FakeGateway } from "./testing/gateway";

/** One client and one gateway joined by hand: nothing moves unless the test moves it. */
class World {
  now = 0;
  gateway = new FakeGateway();
  session: Session;
  seen: number[] = [];
  effects: SessionEffect[] = [];
  overlap = 0;

  constructor(random = () => 0.5) {
    this.session = new Session({ client: "test", random });
    this.run(this.session.start(this.now));
  }

  run(effects: SessionEffect[]): void {
    for (const effect of effects) {
      this.effects.push(effect);
      this.gateway.handle(effect, this.overlap);
      if (effect.kind === "connect") {
        this.gateway.connect();
        this.run(this.session.opened(this.now));
      }
      if (effect.kind === "authenticate") this.run(this.session.authenticate(effect.renew ? "renewed" : "token"));
      if (effect.kind === "close") this.gateway.cut();
      if (effect.kind === "dispatch") this.#apply(effect.event as never);
    }
  }

  #apply({ t, d }: { t: string; d: { all?: number[]; value?: number } }): void {
    if (t === "READY") this.seen = [...(d.all ?? [])];
    if (t === "MESSAGE_CREATE") this.seen.push(d.value ?? -1);
  }

  deliver(count = Infinity): void {
    for (let i = 0; i < count; i++) {
      const frame = this.gateway.inFlight.shift();
      if (frame === undefined) return;
      this.run(this.session.receive(frame, this.now));
    }
  }

  cut(code = 1006): void {
    this.gateway.cut();
    this.run(this.session.closed(code, this.now));
  }

  pass(milliseconds: number): void {
    this.now += milliseconds;
    this.run(this.session.tick(this.now));
  }

  /** Time passes until the link is up, without anything else going wrong. */
  settle(): void {
    for (let i = 0; i < 50 && !(this.session.phase === "open" && this.gateway.inFlight.length === 0); i++) {
      this.deliver();
      if (this.session.phase !== "open") this.pass(40_000);
    }
  }

  kinds(): string[] {
    return this.effects.map(({ kind }) => kind);
  }
}

const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.constant({ do: "emit" as const }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant("deliver" as const), n: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("cut" as const), code: fc.constantFrom(1006, 1012, 4000, 4007, 4009, 4020, 4022) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 45_000 }) }) },
    { weight: 1, arbitrary: fc.constant({ do: "forget" as const }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("overlap" as const), n: fc.integer({ min: 0, max: 3 }) }) },
  ),
  { maxLength: 120 },
);

describe("events", () => {
  test("none is lost, repeated or out of order, whatever is cut", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const world = new World();
        for (const step of list) {
          if (step.do === "emit") world.gateway.emit();
          if (step.do === "deliver") world.deliver(step.n);
          if (step.do === "cut") world.cut(step.code);
          if (step.do === "pass") world.pass(step.ms);
          if (step.do === "forget") world.gateway.forget();
          if (step.do === "overlap") world.overlap = step.n;
          expect(world.seen).toEqual(world.gateway.truth.slice(0, world.seen.length));
        }
        world.settle();
        expect(world.session.phase).toBe("open");
        expect(world.seen).toEqual(world.gateway.truth);
      }),
      { numRuns: 300 },
    );
  });

  test("a hole in the sequence drops the session and identifies anew", () => {
    const world = new World();
    world.settle();
    world.run(world.session.receive(JSON.stringify({ op: 0, s: 9, t: "MESSAGE_CREATE", d: { value: 7 } }), 0));
    expect(world.seen).toEqual([]);
    world.settle();
    expect(world.gateway).toMatchObject({ identifies: 2, resumes: 0 });
  });
});

describe("close codes", () => {
  test.each([1006, 1011, 1012, 4000, 4008, 4020])("%i resumes", (code) => {
    const world = new World();
    world.settle();
    world.cut(code);
    world.settle();
    expect(world.gateway).toMatchObject({ identifies: 1, resumes: 1 });
  });

  test.each([4007, 4009, 4022])("%i identifies anew", (code) => {
    const world = new World();
    world.settle();
    world.cut(code);
    world.settle();
    expect(world.gateway).toMatchObject({ identifies: 2, resumes: 0 });
  });

  test("4021 signs out at once and stays away", () => {
    const world = new World();
    world.settle();
    world.cut(4021);
    expect(world.effects.at(-1)).toEqual({ kind: "signed-out", reason: "revoked" });
    world.pass(100_000);
    expect(world.session.phase).toBe("idle");
  });

  test("4004 asks for a renewed token once, then signs out", () => {
    const world = new World();
    world.deliver();
    world.cut(4004);
    world.pass(2_000);
    world.deliver(1);
    expect(world.effects).toContainEqual({ kind: "authenticate", renew: true });
    world.cut(4004);
    expect(world.effects.at(-1)).toEqual({ kind: "signed-out", reason: "expired" });
  });

  test("a session that the server forgot is identified on the same socket", () => {
    const world = new World();
    world.settle();
    world.gateway.forget();
    world.deliver();
    expect(world.gateway.identifies).toBe(2);
    expect(world.kinds().filter((kind) => kind === "connect")).toHaveLength(1);
  });
});

describe("heartbeat", () => {
  test("beats at a random point of the first interval, then once per interval", () => {
    const world = new World();
    world.settle();
    world.pass(14_999);
    expect(world.gateway.heartbeats).toBe(0);
    world.pass(1);
    expect(world.gateway.heartbeats).toBe(1);
    world.deliver();
    world.pass(30_000);
    expect(world.gateway.heartbeats).toBe(2);
  });

  test("measures the round trip", () => {
    const world = new World();
    world.settle();
    world.pass(15_000);
    world.now += 24;
    world.deliver();
    expect(world.effects).toContainEqual({ kind: "latency", milliseconds: 24 });
  });

  test("an unanswered one means a dead line: it is closed and resumed", () => {
    const world = new World();
    world.settle();
    world.pass(15_000);
    world.gateway.inFlight = [];
    world.pass(10_000);
    expect(world.session.phase).toBe("waiting");
    expect(world.effects).toContainEqual({ kind: "close", code: 4902, reason: "no heartbeat answer" });
    world.settle();
    expect(world.gateway.resumes).toBe(1);
  });

  test("waking asks an open link whether it lives", () => {
    const world = new World();
    world.settle();
    world.run(world.session.wake(0));
    expect(world.gateway.heartbeats).toBe(1);
  });
});

describe("waiting", () => {
  test("grows 1, 2, 5, 10, 20, 40, 40 s and starts anew after a link that held", () => {
    const world = new World(() => 0);
    const waits: number[] = [];
    for (let i = 0; i < 7; i++) {
      world.cut();
      waits.push((world.session.wakeAt ?? 0) - world.now);
      world.pass((world.session.wakeAt ?? 0) - world.now);
    }
    expect(waits).toEqual([1_000, 2_000, 5_000, 10_000, 20_000, 40_000, 40_000]);
    world.settle();
    world.pass(5_000);
    world.cut();
    expect((world.session.wakeAt ?? 0) - world.now).toBe(1_000);
  });

  test("a server that never greets is left", () => {
    const world = new World();
    world.gateway.inFlight = [];
    world.pass(15_000);
    expect(world.session.phase).toBe("waiting");
  });

  test("waking ends the wait", () => {
    const world = new World();
    world.cut();
    world.run(world.session.wake(world.now));
    expect(world.session.phase).toBe("greeting");
  });
});

describe("commands", () => {
  test("a command waits for the link and its answer comes back once", () => {
    const world = new World();
    const { id, effects } = world.session.command("typing", { channel_id: "1" }, false, 0);
    expect(effects).toEqual([]);
    world.settle();
    expect(world.gateway.commands.map(({ name }) => name)).toEqual(["typing"]);
    world.gateway.reply(id, null);
    world.gateway.reply(id, null);
    world.deliver();
    expect(world.effects.filter(({ kind }) => kind === "reply")).toEqual([{ kind: "reply", id, outcome: { ok: true, data: null } }]);
  });

  test("after a cut only what may run twice is sent again; the rest is told as lost", () => {
    const world = new World();
    world.settle();
    const safe = world.session.command("message.send", { channel_id: "1", content: "a", nonce: "n" }, true, 0);
    const unsafe = world.session.command("message.delete", { message_id: "1" }, false, 0);
    world.run([...safe.effects, ...unsafe.effects]);
    world.cut();
    world.settle();
    expect(world.gateway.commands.map(({ name }) => name)).toEqual(["message.send", "message.delete", "message.send"]);
    expect(world.effects).toContainEqual({ kind: "reply", id: unsafe.id, outcome: { ok: false, problem: null } });
  });

  test("an answer that does not come is given up after 15 s of an open link", () => {
    const world = new World();
    world.settle();
    const { id, effects } = world.session.command("read", { channel_id: "1", message_id: "2" }, true, 0);
    world.run(effects);
    world.pass(14_999);
    world.deliver();
    world.pass(1);
    expect(world.effects).toContainEqual({ kind: "reply", id, outcome: { ok: false, problem: null } });
  });
});
