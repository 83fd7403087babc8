/** Keeps one row of the log where it is on the screen while rows are put in above it and measured. */
export class Hold {
  private key: string | null = null;
  private top = 0;
  private frames = 0;
  private frame = 0;
  private readonly log: () => HTMLElement | null;

  constructor(log: () => HTMLElement | null) {
    this.log = log;
  }

  /** Remembers the first message in view. Call before the rows change. */
  take(): void {
    const log = this.log();
    if (!log) return;
    const edge = log.getBoundingClientRect().top;
    const row = [...log.querySelectorAll<HTMLElement>("[data-row]")].find((element) => element.getBoundingClientRect().bottom > edge);
    this.key = row?.dataset["row"] ?? null;
    this.top = row?.getBoundingClientRect().top ?? 0;
    this.frames = 12; // new rows are measured within a few frames; longer would fight the person's own scrolling
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(this.again);
  }

  /** Puts the row back. Runs before the frame is painted, so nobody sees it anywhere else. */
  keep = (): void => {
    if (!this.key) return;
    const log = this.log();
    const row = log?.querySelector<HTMLElement>(`[data-row="${CSS.escape(this.key)}"]`);
    const moved = row ? row.getBoundingClientRect().top - this.top : 0;
    if (log && Math.abs(moved) >= 0.5) log.scrollTop += moved;
  };

  release = (): void => {
    this.key = null;
    cancelAnimationFrame(this.frame);
  };

  private again = (): void => {
    this.keep();
    if (--this.frames > 0 && this.key) this.frame = requestAnimationFrame(this.again);
    else this.release();
  };
}
