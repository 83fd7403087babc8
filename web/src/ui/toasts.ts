import { createStore } from "zustand/vanilla";

export interface ToastWords {
  id: number;
  words: string;
  action: { label: string; run: () => void } | null;
}

/** Toasts asked for and not shown yet; the layer that shows them arrives with the first. */
export const toasts = createStore<{ waiting: readonly ToastWords[] }>(() => ({ waiting: [] }));

let count = 0;

/** For what is not visible on the screen, never the only place of an error. */
export function toast(words: string, action: ToastWords["action"] = null): void {
  const next = { id: ++count, words, action };
  toasts.setState(({ waiting }) => ({ waiting: [...waiting, next] }));
}
