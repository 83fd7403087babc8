import { useSyncExternalStore } from "react";

export const NARROW = "(max-width: 44.99rem)";
export const WIDE = "(min-width: 75rem)";
export const MEDIUM = "(min-width: 62rem)";

export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    (changed) => {
      const list = window.matchMedia(query);
      list.addEventListener("change", changed);
      return () => list.removeEventListener("change", changed);
    },
    () => window.matchMedia(query).matches,
  );
}
