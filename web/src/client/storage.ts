/** localStorage as the client uses it: JSON values, and no failure when the browser refuses or the device is full. */

export interface Shelf {
  read<T>(key: string): T | null;
  write(key: string, value: unknown): void;
  erase(key: string): void;
  keys(prefix: string): string[];
  /** Another tab changed something: its key, and whether a value is left. Returns the end of listening. */
  watch(listener: (key: string, present: boolean) => void): () => void;
}

export function browserShelf(store: Storage = localStorage): Shelf {
  return {
    read: <T>(key: string) => parse<T>(store.getItem(key)),
    write(key, value) {
      try {
        store.setItem(key, JSON.stringify(value));
      } catch {
        // Full or forbidden: the tab goes on with what it holds in memory.
      }
    },
    erase: (key) => store.removeItem(key),
    keys: (prefix) => Object.keys(store).filter((key) => key.startsWith(prefix)),
    watch(listener) {
      const heard = (event: StorageEvent) => {
        if (event.key !== null && event.storageArea === store) listener(event.key, event.newValue !== null);
      };
      addEventListener("storage", heard);
      return () => removeEventListener("storage", heard);
    },
  };
}

function parse<T>(text: string | null): T | null {
  if (text === null) return null;
  try {
    return JSON.parse(text) as T;
  } catch {
    return null;
  }
}
