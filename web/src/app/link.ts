import { useEffect, useState } from "react";
import { useHub } from "./client";

const GRACE = 3000;

/** The line has been gone for three seconds. Shorter breaks are nobody's business. */
export function useLinkLost(): boolean {
  const lostAt = useHub((state) => state.link.lostAt);
  const [lost, setLost] = useState(false);
  useEffect(() => {
    if (lostAt === null) return;
    const timer = setTimeout(() => setLost(true), Math.max(0, lostAt + GRACE - Date.now()));
    return () => {
      clearTimeout(timer);
      setLost(false);
    };
  }, [lostAt]);
  return lost;
}
