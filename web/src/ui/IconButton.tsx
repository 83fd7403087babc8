import type { ComponentProps } from "react";
import { Icon, type IconShape } from "./Icon";
import { Tooltip } from "./Tooltip";

interface Props extends Omit<ComponentProps<"button">, "aria-label"> {
  icon: IconShape;
  label: string;
  keys?: string | undefined;
  small?: boolean;
  /** A toggle: the name stays, the state is pressed or not. */
  pressed?: boolean | undefined;
  mirror?: boolean;
}

export function IconButton({ icon, label, keys, small = false, pressed, mirror = false, className = "", children, ...rest }: Props) {
  return (
    <Tooltip label={label} keys={keys}>
      <button type="button" {...rest} className={`ib ${small ? "xs" : ""} ${className}`} aria-label={label} aria-pressed={pressed}>
        <Icon of={icon} mirror={mirror} />
        {children}
      </button>
    </Tooltip>
  );
}
