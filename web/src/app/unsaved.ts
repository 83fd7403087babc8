import type { AroundNavHandler } from "wouter";

/** Asks whether to leave, and does so on yes. */
export type AskToLeave = (leave: () => void) => void;

let asks: AskToLeave | null = null;

/** While it stands, every way to another page inside the app goes through it, also the browser's Back. Returns its end. */
export function guardLeaving(ask: AskToLeave): () => void {
  asks = ask;
  const here = window.location.href;
  const back = (event: PopStateEvent) => {
    event.stopImmediatePropagation(); // the pages have not heard of it yet
    history.pushState(null, "", here);
    ask(() => history.back());
  };
  window.addEventListener("popstate", back, true);
  window.addEventListener("beforeunload", unload);
  return () => {
    asks = null;
    window.removeEventListener("popstate", back, true);
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
