/** Time that passes when the test says so. */
export class FakeClock {
  #now = 1_000_000;
  #timers: { at: number; body: () => void }[] = [];

  now = (): number => this.#now;

  later = (milliseconds: number, body: () => void): (() => void) => {
    const timer = { at: this.#now + milliseconds, body };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  /** Runs what falls due, in order, and lets promises settle in between. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settle();
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.at - b.at)[0];
      if (!next || next.at > end) break;
      this.#timers = this.#timers.filter((other) => other !== next);
      this.#now = Math.max(this.#now, next.at);
      next.body();
      await settle();
    }
    this.#now = end;
  }
}

/** Lets everything that is ready to go on go on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await Promise.resolve();
}
