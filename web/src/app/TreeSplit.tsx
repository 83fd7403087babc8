import { useLingui } from "@lingui/react/macro";
import { useEffect, useState, type KeyboardEvent, type PointerEvent } from "react";

const KEY = "hubbub.tree";
const LEAST = 200;
const MOST = 360;
const USUAL = 260;

const clamp = (width: number) => Math.min(MOST, Math.max(LEAST, width));

/** The edge of the tree: drag it, or use the arrow keys. */
export function TreeSplit() {
  const { t } = useLingui();
  const [width, setWidth] = useState(() => clamp(Number(localStorage.getItem(KEY)) || USUAL));
  useEffect(() => {
    document.documentElement.style.setProperty("--tree-w", `${width / 16}rem`);
    localStorage.setItem(KEY, String(width));
  }, [width]);

  function drag(event: PointerEvent<HTMLElement>) {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const x = document.dir === "rtl" ? window.innerWidth - event.clientX : event.clientX;
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    setWidth(clamp(Math.round(((x - 4 * rem) * 16) / rem)));
  }

  function onKeyDown(event: KeyboardEvent) {
    const step = { ArrowLeft: -10, ArrowRight: 10 }[event.key];
    if (step) setWidth(clamp(width + (document.dir === "rtl" ? -step : step)));
    else if (event.key === "Home") setWidth(LEAST);
    else if (event.key === "End") setWidth(MOST);
    else return;
    event.preventDefault();
  }

  return (
    <div
      className="split"
      role="separator"
      aria-orientation="vertical"
      aria-label={t`Width of the rooms`}
      aria-valuemin={LEAST}
      aria-valuemax={MOST}
      aria-valuenow={width}
      tabIndex={0}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
      onDoubleClick={() => setWidth(USUAL)}
      onKeyDown={onKeyDown}
    />
  );
}
