import { Trans } from "@lingui/react/macro";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useCall } from "@/app/client";
import { placeTip } from "@/ui/TipModel";

const SHOWN = 4000;

/** In the microphone's button: says so when you talk while muted, for four seconds. The call itself plays the tone, at most every 20 s. */
export function MutedHint() {
  const at = useCall((state) => (state.muted ? state.mutedTalkAt : null));
  const [seen, see] = useState(at);
  const box = useRef<HTMLSpanElement>(null);
  const shown = at !== null && at !== seen;
  useEffect(() => {
    if (!shown) return;
    const timer = setTimeout(() => see(at), SHOWN);
    return () => clearTimeout(timer);
  }, [shown, at]);
  useLayoutEffect(() => {
    const button = box.current?.parentElement;
    if (!shown || !box.current || !button) return;
    const { left, top } = placeTip(button.getBoundingClientRect(), box.current.getBoundingClientRect(), { width: window.innerWidth, height: window.innerHeight });
    box.current.style.translate = `${left}px ${top}px`;
  }, [shown]);
  return shown && <span className="tip" ref={box} aria-hidden><Trans>You are muted</Trans></span>;
}
