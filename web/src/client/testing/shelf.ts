import type { Shelf } from "../storage";

/** A browser's storage: each `tab()` is a Shelf over the same values, and hears of what the others do. */
export class FakeStorage {
  values = new Map<string, string>();
  #tabs: { shelf: Shelf; listeners: Set<(key: string, present: boolean) => void> }[] = [];

  tab(): Shelf {
    const listeners = new Set<(key: string, present: boolean) => void>();
    const tell = (key: string, present: boolean) => {
      for (const tab of this.#tabs) if (tab.shelf !== shelf) for (const listener of tab.listeners) listener(key, present);
    };
    const shelf: Shelf = {
      read: <T>(key: string) => JSON.parse(this.values.get(key) ?? "null") as T | null,
      write: (key, value) => {
        this.values.set(key, JSON.stringify(value));
        tell(key, true);
      },
      erase: (key) => {
        if (this.values.delete(key)) tell(key, false);
      },
      keys: (prefix) => [...this.values.keys()].filter((key) => key.startsWith(prefix)),
      watch: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    this.#tabs.push({ shelf, listeners });
    return shelf;
  }
}
