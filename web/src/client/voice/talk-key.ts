/**
 * Push to talk. Down opens, up closes a little later (words end after fingers do), key repeat is nothing, losing the
 * window closes at once. Pure: instants in, `openAt(now)` out.
 */
export class TalkKey {
  /** Milliseconds that the gate stays open after the release. */
  static readonly tail = 200;

  #down = false;
  #closesAt: number | null = null;

  /** False: it was down already. */
  press(): boolean {
    if (this.#down) return false;
    this.#down = true;
    this.#closesAt = null;
    return true;
  }

  release(now: number): void {
    if (!this.#down) return;
    this.#down = false;
    this.#closesAt = now + TalkKey.tail;
  }

  /** The window lost the keyboard: nobody will tell of the release. */
  letGo(): void {
    this.#down = false;
    this.#closesAt = null;
  }

  openAt(now: number): boolean {
    return this.#down || (this.#closesAt !== null && now < this.#closesAt);
  }

  /** When `openAt` changes by itself; null: it does not. */
  deadline(): number | null {
    return this.#closesAt;
  }
}
