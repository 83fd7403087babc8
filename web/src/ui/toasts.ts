import { Toast as Base } from "@base-ui/react/toast";

export const manager = Base.createToastManager();

/** For what is not visible on the screen, never the only place of an error. */
export function toast(words: string, action?: { label: string; run: () => void }): void {
  manager.add({ description: words, ...(action ? { actionProps: { children: action.label, onClick: action.run } } : {}) });
}
