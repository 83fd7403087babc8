import { cloneElement, Suspense, useRef, useState, type MouseEvent, type ReactElement, type ReactNode, type Ref } from "react";
import { soon } from "./soon";

const MenuPopup = soon(() => import("./MenuPopup"));

interface Props {
  /** The control that opens it; it gets the click, the state and the focus back. */
  trigger: ReactElement<{ ref?: Ref<HTMLElement>; onClick?: (event: MouseEvent) => void }>;
  /** The items, usually a lazy component: they are wanted only once somebody asks. */
  children: ReactNode;
  align?: "start" | "end" | "center";
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}

/** The popup, its positioning and its keys arrive with the first menu that opens. */
export function Menu({ trigger, children, align = "end", open: controlled, onOpenChange }: Props) {
  const [own, setOwn] = useState(false);
  const anchor = useRef<HTMLElement>(null);
  const open = controlled ?? own;
  const set = (next: boolean) => {
    setOwn(next);
    onOpenChange?.(next);
  };
  const opener = { ref: anchor, "aria-haspopup": "menu", "aria-expanded": open, "data-popup-open": open ? "" : undefined, onClick: () => set(!open) };
  return (
    <>
      {cloneElement(trigger, opener)}
      {open && (
        <Suspense>
          <MenuPopup anchor={anchor} align={align} onClose={() => set(false)}>
            {children}
          </MenuPopup>
        </Suspense>
      )}
    </>
  );
}
