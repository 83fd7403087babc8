/** Milliseconds that a message somebody jumped to is marked; the animation in chat.css takes as long. */
const MARKED = 2000;

/** The row, once it was laid out and measured. */
export function drawn(log: HTMLElement, key: string): HTMLElement | null {
  const row = log.querySelector<HTMLElement>(`[data-row="${CSS.escape(key)}"]`);
  return row && row.parentElement?.style.visibility !== "hidden" ? row : null;
}

export function inView(row: HTMLElement, log: HTMLElement): boolean {
  const edge = log.getBoundingClientRect();
  const { top, bottom } = row.getBoundingClientRect();
  return top >= edge.top && bottom <= edge.bottom;
}

/** Gives it the focus, for those who hear the page, and a ground for a moment, for those who see it. */
export function mark(row: HTMLElement): void {
  row.focus({ preventScroll: true });
  row.dataset["sought"] = "";
  setTimeout(() => delete row.dataset["sought"], MARKED);
}
