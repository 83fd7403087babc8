import { Menu as Base } from "@base-ui/react/menu";
import { ChevronRight } from "lucide-react";
import type { ReactElement, ReactNode } from "react";
import { Icon, type IconShape } from "./Icon";

interface Props {
  /** The control that opens it; it receives the trigger's props. */
  trigger: ReactElement;
  children: ReactNode;
  side?: "bottom" | "top" | "inline-end";
  align?: "start" | "end" | "center";
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
}

export function Menu({ trigger, children, side = "bottom", align = "end", open, onOpenChange }: Props) {
  return (
    <Base.Root {...(open === undefined ? {} : { open })} {...(onOpenChange ? { onOpenChange } : {})} modal={false}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner className="floating-layer" side={side} align={align} sideOffset={6} collisionPadding={8}>
          <Base.Popup className="menu grow">{children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

interface ItemProps {
  icon?: IconShape | undefined;
  /** Ends or denies something. */
  bad?: boolean;
  disabled?: boolean;
  onSelect: () => void;
  children: ReactNode;
}

export function MenuItem({ icon, bad = false, disabled = false, onSelect, children }: ItemProps) {
  return (
    <Base.Item className={`menu-item ${bad ? "bad" : ""}`} disabled={disabled} onClick={onSelect}>
      {icon && <Icon of={icon} />}
      <span className="t">{children}</span>
    </Base.Item>
  );
}

export function MenuSeparator() {
  return <Base.Separator className="menu-sep" />;
}

/** Items that open beside their parent. */
export function SubMenu({ icon, label, children }: { icon?: IconShape; label: string; children: ReactNode }) {
  return (
    <Base.SubmenuRoot>
      <Base.SubmenuTrigger className="menu-item">
        {icon && <Icon of={icon} />}
        <span className="t">{label}</span>
        <Icon of={ChevronRight} mirror />
      </Base.SubmenuTrigger>
      <Base.Portal>
        <Base.Positioner className="floating-layer" sideOffset={2} collisionPadding={8}>
          <Base.Popup className="menu grow">{children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.SubmenuRoot>
  );
}
