import type { ReactNode } from "react";
import { Icon, type IconShape } from "./Icon";

export function Banner({ icon, children, action }: { icon: IconShape; children: ReactNode; action?: ReactNode }) {
  return (
    <div className="banner warn" role="status">
      <Icon of={icon} />
      <span>{children}</span>
      {action}
    </div>
  );
}
