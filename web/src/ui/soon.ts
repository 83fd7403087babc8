import { lazy, type ComponentType, type LazyExoticComponent } from "react";

interface Chunk<P> {
  default: ComponentType<P>;
}

const waiting = new Set<() => Promise<unknown>>();

/**
 * `lazy` for what somebody may open next: `bringSoon` loads it ahead of time, and what is here is drawn in the very frame
 * that asks. React's own suspends once even for a module that has arrived, and draws at its next retry, up to 300 ms later.
 */
export function soon<P>(load: () => Promise<Chunk<P>>): LazyExoticComponent<ComponentType<P>> {
  let here: Chunk<P> | null = null;
  const bring = async () => {
    here = await load();
    waiting.delete(bring);
    return here;
  };
  waiting.add(bring);
  return lazy(() => (here ? atOnce(here) : bring()));
}

/** Loads all that was declared so far, and what those files declare in turn. Without a line nothing comes ahead of time. */
export async function bringSoon(): Promise<void> {
  const asked = new Set<() => Promise<unknown>>();
  for (let next = [...waiting]; next.length; next = [...waiting].filter((bring) => !asked.has(bring))) {
    for (const bring of next) asked.add(bring);
    await Promise.allSettled(next.map((bring) => bring()));
  }
}

/** A promise that calls back at once; `lazy` looks whether it did. */
function atOnce<T>(value: T): Promise<T> {
  const settled = Promise.resolve(value);
  // oxlint-disable-next-line unicorn/no-thenable -- that is what it is for
  settled.then = ((use: (value: T) => unknown) => (use(value), settled)) as typeof settled.then;
  return settled;
}
