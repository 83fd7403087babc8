import { useRef, type PointerEvent } from "react";

const HOLD = 500;

/** A long press on glass does what the right button does elsewhere. Moving the finger is scrolling. */
export function useLongPress(open: () => void) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const stop = () => clearTimeout(timer.current);
  return {
    onPointerDown: (event: PointerEvent) => {
      if (event.pointerType === "touch") timer.current = setTimeout(open, HOLD);
    },
    onPointerUp: stop,
    onPointerCancel: stop,
    onPointerMove: (event: PointerEvent) => void (Math.hypot(event.movementX, event.movementY) > 4 && stop()),
  };
}
