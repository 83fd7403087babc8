/**
 * Keeps one row of the log where it is on the screen while rows above it come, go, and are measured.
 *
 * The list knows the height of a row only after it was laid out, and moves what is below by what it guessed wrong. All of
 * that happens between two paints: `take` runs when a frame begins (a scroll, or right before rows change), `keep` after
 * each measurement in it. What the eye gets to see has not moved.
 */
export class Hold {
  private key: string | null = null;
  /** Pixels from the top edge of the log. */
  private top = 0;
  private readonly log: () => HTMLElement | null;

  constructor(log: () => HTMLElement | null) {
    this.log = log;
  }

  /** Remembers the first row in view that has its true height. */
  take(): void {
    const log = this.log();
    if (!log) return;
    const edge = log.getBoundingClientRect();
    this.key = null;
    for (const row of log.querySelectorAll<HTMLElement>("[data-row]")) {
      const { top, bottom } = row.getBoundingClientRect();
      if (bottom <= edge.top || row.parentElement?.style.visibility === "hidden") continue;
      if (top < edge.bottom) this.key = row.dataset["row"] ?? null;
      this.top = top - edge.top;
      return;
    }
  }

  /** Wants this row so many pixels below the top edge, wherever it is now. */
  pin(key: string, top: number): void {
    this.key = key;
    this.top = top;
  }

  /**
   * Puts it back. Runs before the frame is painted, so nobody sees it anywhere else. `offsetOf`: where the list has that
   * row, in pixels from the top of all that scrolls; asked when so much went above that the row itself is not drawn.
   */
  keep(offsetOf: (key: string) => number | null): void {
    const log = this.log();
    if (!log || this.key === null) return;
    const row = log.querySelector<HTMLElement>(`[data-row="${CSS.escape(this.key)}"]`);
    const offset = row ? null : offsetOf(this.key);
    const top = row ? row.getBoundingClientRect().top - log.getBoundingClientRect().top : offset === null ? this.top : offset - log.scrollTop;
    const moved = top - this.top;
    if (Math.abs(moved) >= 0.5) log.scrollBy({ top: moved, behavior: "instant" });
  }
}
