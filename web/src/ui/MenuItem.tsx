import "@/styles/floating.css";
import { Menu as Base } from "@base-ui/react/menu";
import type { ReactNode } from "react";
import { Icon, type IconShape } from "./Icon";

interface Props {
  icon?: IconShape | undefined;
  /** Ends or denies something. */
  bad?: boolean;
  disabled?: boolean;
  onSelect: () => void;
  children: ReactNode;
}

export function MenuItem({ icon, bad = false, disabled = false, onSelect, children }: Props) {
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
