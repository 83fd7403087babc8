import { cloneElement, useEffect, useLayoutEffect, useRef, useState, type ReactElement } from "react";
import { Keys } from "./Keys";
import { placeTip, TipTimer } from "./TipModel";

/**
 * Names one control on hover and focus. It only marks the control; one layer draws all tips, so a list of a thousand
 * buttons costs a thousand attributes, and the first paint needs no positioning library.
 */
export function Tooltip({ label, keys, children }: { label: string; keys?: string | undefined; children: ReactElement }) {
  const marks = { "data-tip": label, ...(keys ? { "data-tip-keys": keys } : {}) };
  return cloneElement(children, marks as object);
}

/** Draws the tip of the control under the pointer or with visible focus: after 500 ms, at once right after another. Once per page. */
export function TooltipLayer() {
  const [owner, setOwner] = useState<HTMLElement | null>(null);
  const box = useRef<HTMLDivElement>(null);

  useEffect(() => follow(setOwner), []);

  useLayoutEffect(() => {
    if (!owner || !box.current) return;
    const { left, top } = placeTip(owner.getBoundingClientRect(), box.current.getBoundingClientRect(), { width: window.innerWidth, height: window.innerHeight });
    box.current.style.translate = `${left}px ${top}px`;
  }, [owner]);

  if (!owner?.isConnected || !owner.dataset["tip"]) return null;
  const keys = owner.dataset["tipKeys"];
  return (
    <div className="tip" ref={box} aria-hidden>
      <span>{owner.dataset["tip"]}</span>
      {keys && <Keys combination={keys} />}
    </div>
  );
}

function ownerOf(event: Event): HTMLElement | null {
  return event.target instanceof Element ? event.target.closest<HTMLElement>("[data-tip]") : null;
}

function follow(show: (owner: HTMLElement | null) => void): () => void {
  const timer = new TipTimer(show);
  const over = (event: PointerEvent) => event.pointerType !== "touch" && timer.over(ownerOf(event));
  const focus = (event: FocusEvent) => {
    const owner = ownerOf(event);
    if (owner?.matches(":focus-visible")) timer.over(owner);
  };
  const hide = () => timer.hide();
  const key = (event: KeyboardEvent) => event.key === "Escape" && timer.hide();
  const listeners: [string, (event: never) => unknown][] = [["pointerover", over], ["focusin", focus], ["focusout", hide], ["pointerdown", hide], ["keydown", key], ["scroll", hide]];
  for (const [name, listener] of listeners) document.addEventListener(name, listener as EventListener, true);
  return () => {
    timer.hide();
    for (const [name, listener] of listeners) document.removeEventListener(name, listener as EventListener, true);
  };
}
