import { useEffect, useState } from "react";
import { useHub } from "./client";

const GRACE = 3000;

/** The line has been gone for three seconds. Shorter breaks are nobody's business. */
export function useLinkLost(): boolean {
  const lostAt = useHub((state) => state.link.lostAt);
  const [, tick] = useState(0);
  const wait = lostAt === null ? null : lostAt + GRACE - Date.now();
  useEffect(() => {
    if (wait === null || wait <= 0) return;
    const timer = setTimeout(() => tick((count) => count + 1), wait);
    return () => clearTimeout(timer);
  }, [wait, lostAt]);
  return wait !== null && wait <= 0;
}
