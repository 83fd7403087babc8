const STEPS: Record<string, (at: number, last: number) => number> = {
  ArrowDown: (at, last) => Math.min(at + 1, last),
  ArrowUp: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_, last) => last,
};

/**
 * A ref for a list with one tab stop: items carry `data-roving` (their name, or nothing to take their text), arrows move
 * between them, letters jump to a name. The stop is the item focused last.
 */
export function roving(list: HTMLElement | null): (() => void) | undefined {
  if (!list) return undefined;
  const onKeyDown = (event: KeyboardEvent) => rove(list, event);
  list.addEventListener("keydown", onKeyDown);
  return () => list.removeEventListener("keydown", onKeyDown);
}

function rove(list: HTMLElement, event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
  const items = itemsOf(list);
  const at = items.findIndex((item) => item === event.target);
  if (at < 0) return;
  const to = STEPS[event.key]?.(at, items.length - 1) ?? typeAhead(items, at, event.key);
  const item = to === undefined ? undefined : items[to];
  if (!item) return;
  event.preventDefault();
  for (const other of items) other.tabIndex = other === item ? 0 : -1;
  item.focus();
}

function itemsOf(list: HTMLElement): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>("[data-roving]")];
}

function typeAhead(items: HTMLElement[], at: number, key: string): number | undefined {
  if (key.length !== 1 || key === " ") return undefined;
  const wanted = key.toLocaleLowerCase();
  const order = items.map((_, step) => (at + 1 + step) % items.length);
  return order.find((index) => nameOf(items[index]).startsWith(wanted));
}

function nameOf(item: HTMLElement | undefined): string {
  return (item?.dataset["roving"] || item?.textContent || "").trim().toLocaleLowerCase();
}
