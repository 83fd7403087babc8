const DELAY = 500;
/** A tip shown this recently makes the next one come at once. */
const WARM = 400;
const GAP = 6;
const EDGE = 8;

/** When a tip shows: after a rest on its control, at once when the one before has just gone. */
export class TipTimer {
  private owner: HTMLElement | null = null;
  private shown = false;
  private hiddenAt = -Infinity;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly show: (owner: HTMLElement | null) => void;

  constructor(show: (owner: HTMLElement | null) => void) {
    this.show = show;
  }

  over(owner: HTMLElement | null): void {
    if (owner === this.owner) return;
    this.hide();
    this.owner = owner;
    if (!owner) return;
    const wait = Date.now() - this.hiddenAt < WARM ? 0 : DELAY;
    this.timer = setTimeout(() => {
      this.shown = true;
      this.show(owner);
    }, wait);
  }

  hide(): void {
    clearTimeout(this.timer);
    if (this.shown) {
      this.hiddenAt = Date.now();
      this.show(null);
    }
    this.shown = false;
    this.owner = null;
  }
}

interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Above its control, below where there is no room, never outside of the window. */
export function placeTip(owner: Box, tip: Pick<Box, "width" | "height">, view: { width: number; height: number }): { left: number; top: number } {
  const above = owner.top - tip.height - GAP;
  const below = owner.top + owner.height + GAP;
  const centred = owner.left + owner.width / 2 - tip.width / 2;
  return {
    left: Math.round(Math.max(EDGE, Math.min(centred, view.width - tip.width - EDGE))),
    top: Math.round(above >= EDGE ? above : below),
  };
}
