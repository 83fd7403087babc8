import { useEffect, useEffectEvent, useRef, useState, type ReactNode } from "react";
import { MEDIUM, useMedia, WIDE } from "./media";

export interface Side {
  open: boolean;
  /** Beside the sheet; otherwise it lies over it. */
  docked: boolean;
  toggle: () => void;
  close: () => void;
}

/** A panel that is docked on wide windows (and remembers whether you want it) and lies over the sheet elsewhere. */
export function useSidePanel(name: string, from: "wide" | "medium", startOpen = true): Side {
  const docked = useMedia(from === "wide" ? WIDE : MEDIUM);
  const [wanted, want] = useState(() => (localStorage.getItem(`hubbub.side.${name}`) ?? (startOpen ? "open" : "closed")) === "open");
  const [over, setOver] = useState(false);
  const open = docked ? wanted : over;
  const set = (next: boolean) => {
    if (!docked) return setOver(next);
    want(next);
    localStorage.setItem(`hubbub.side.${name}`, next ? "open" : "closed");
  };
  return { open, docked, toggle: () => set(!open), close: () => set(false) };
}

/** The panel itself. Over the sheet it takes the focus and Escape closes it; the focus goes back where it was. */
export function SidePanel({ label, className, docked, onClose, children }: { label: string; className: string; docked: boolean; onClose: () => void; children: ReactNode }) {
  const panel = useRef<HTMLElement>(null);
  const close = useEffectEvent(onClose);
  useEffect(() => {
    if (docked) return;
    const opener = document.activeElement;
    panel.current?.focus();
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      event.preventDefault();
      close();
    };
    window.addEventListener("keydown", onKeyDown, true);
    return () => {
      window.removeEventListener("keydown", onKeyDown, true);
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, [docked]);
  return (
    <aside className={`side ${className} ${docked ? "" : "over"}`} aria-label={label} data-region ref={panel} tabIndex={docked ? undefined : -1}>
      {children}
    </aside>
  );
}
