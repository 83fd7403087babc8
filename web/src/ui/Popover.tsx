import "@/styles/floating.css";
import { Popover as Base } from "@base-ui/react/popover";
import type { ReactElement, ReactNode } from "react";

interface Props {
  trigger: ReactElement;
  /** What the dialog is called. */
  label: string;
  className?: string;
  side?: "top" | "bottom" | "inline-end" | "inline-start";
  align?: "start" | "center" | "end";
  children: ReactNode;
}

export function Popover({ trigger, label, className = "", side = "bottom", align = "center", children }: Props) {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner className="floating-layer" side={side} align={align} sideOffset={8} collisionPadding={8}>
          <Base.Popup className={`pop grow ${className}`} aria-label={label}>
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
