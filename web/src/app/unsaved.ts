import type { AroundNavHandler } from "wouter";

/** Asks whether to leave, and does so on yes. */
export type AskToLeave = (leave: () => void) => void;

let asks: { ask: AskToLeave; href: string; state: unknown } | null = null;

/** While it stands, links, navigation by code and the browser's Back and Forward go through it, and closing the tab asks. Returns its end. */
export function guardLeaving(ask: AskToLeave): () => void {
  asks = { ask, href: window.location.href, state: window.history.state };
  window.addEventListener("beforeunload", unload);
  return () => {
    asks = null;
    window.removeEventListener("beforeunload", unload);
  };
}

/** The browser has gone already: an entry on top brings the address back, and the one below it is where the person wanted to go. */
function popped(event: PopStateEvent): void {
  if (!asks) return;
  event.stopImmediatePropagation();
  window.history.pushState(asks.state, "", asks.href);
  asks.ask(() => window.history.back());
}

// Here and not in the guard: on `window` browsers call listeners in the order they came, and this one must stand before the router's.
window.addEventListener("popstate", popped, true);

function unload(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

/** For the router: links and navigation by code. */
export const askBeforeLeaving: AroundNavHandler = (navigate, to, options) => {
  if (asks) asks.ask(() => navigate(to, options));
  else navigate(to, options);
};
