import { useCallback, type KeyboardEvent } from "react";

const STEPS: Record<string, (at: number, last: number) => number> = {
  ArrowDown: (at, last) => Math.min(at + 1, last),
  ArrowUp: (at) => Math.max(at - 1, 0),
  Home: () => 0,
  End: (_, last) => last,
};

/**
 * One tab stop for a list: items carry `data-roving`, arrows move between them, letters jump to a name.
 * The stop is the item focused last; `tabStop` puts it on the given item when none was.
 */
export function useRoving() {
  return useCallback((event: KeyboardEvent<HTMLElement>) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    const items = itemsOf(event.currentTarget);
    const at = items.indexOf(event.target as HTMLElement);
    if (at < 0) return;
    const to = STEPS[event.key]?.(at, items.length - 1) ?? typeAhead(items, at, event.key);
    if (to === undefined || to < 0) return;
    event.preventDefault();
    focusItem(items, to);
  }, []);
}

function itemsOf(list: HTMLElement): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>("[data-roving]")];
}

function focusItem(items: HTMLElement[], to: number): void {
  for (const item of items) item.tabIndex = -1;
  const item = items[to]!;
  item.tabIndex = 0;
  item.focus();
}

function typeAhead(items: HTMLElement[], at: number, key: string): number | undefined {
  if (key.length !== 1 || key === " ") return undefined;
  const wanted = key.toLocaleLowerCase();
  const order = items.map((_, step) => (at + 1 + step) % items.length);
  return order.find((index) => nameOf(items[index]!).startsWith(wanted));
}

function nameOf(item: HTMLElement): string {
  return (item.dataset["roving"] || item.textContent || "").trim().toLocaleLowerCase();
}
