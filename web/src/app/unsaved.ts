import type { AroundNavHandler } from "wouter";

/** Asks whether to leave, and does so on yes. */
export type AskToLeave = (leave: () => void) => void;

let asks: AskToLeave | null = null;

/** While it stands, links and navigation by code go through it, and closing the tab asks. Returns its end. */
export function guardLeaving(ask: AskToLeave): () => void {
  asks = ask;
  window.addEventListener("beforeunload", unload);
  return () => {
    asks = null;
    window.removeEventListener("beforeunload", unload);
  };
}

function unload(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

/** For the router: links and navigation by code. */
export const askBeforeLeaving: AroundNavHandler = (navigate, to, options) => {
  if (asks) asks(() => navigate(to, options));
  else navigate(to, options);
};
