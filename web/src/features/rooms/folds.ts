import { createStore } from "zustand/vanilla";

const KEY = "hubbub.folded";

/** Categories that are folded on this device. */
export const folds = createStore<Record<string, true>>(() => read());

export function setFolded(id: string, folded: boolean): void {
  const { [id]: _, ...rest } = folds.getState();
  folds.setState(folded ? { ...rest, [id]: true } : rest, true);
  localStorage.setItem(KEY, JSON.stringify(folds.getState()));
}

function read(): Record<string, true> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Record<string, true>;
  } catch {
    return {}; // unreadable: everything is open
  }
}
