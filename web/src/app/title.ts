import { useEffect } from "react";
import { allMentions } from "@/client";
import { useEvery, useHub } from "./client";

/** The title of the window: mentions of all instances first, then the page, then whose house it is. */
export function usePageTitle(page: string): void {
  const house = useHub((state) => state.info?.name ?? state.host);
  const mentions = useEvery(allMentions).reduce((sum, count) => sum + count, 0);
  useEffect(() => {
    const words = page && page !== house ? `${page} · ${house}` : house;
    document.title = mentions > 0 ? `(${mentions}) ${words}` : words;
    void navigator.setAppBadge?.(mentions).catch(() => undefined); // a browser may forbid it; the title still counts
  }, [page, house, mentions]);
}
