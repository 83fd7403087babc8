import type { ComponentProps } from "react";
import { Icon, type IconShape } from "./Icon";

type Kind = "plain" | "primary" | "soft" | "ghost" | "danger";

interface Props extends ComponentProps<"button"> {
  kind?: Kind;
  size?: "normal" | "small" | "big";
  icon?: IconShape | undefined;
  /** Work under way: the button keeps its place and focus, and takes no second press. */
  busy?: boolean;
}

const SIZES = { normal: "", small: "sm", big: "big" };

export function Button({ kind = "plain", size = "normal", icon, busy = false, className = "", children, onClick, type = "button", ...rest }: Props) {
  return (
    <button
      {...rest}
      type={type}
      className={`btn ${kind} ${SIZES[size]} ${className}`}
      aria-disabled={busy || rest["aria-disabled"] || undefined}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else onClick?.(event);
      }}
    >
      {icon && <Icon of={icon} />}
      {children}
    </button>
  );
}
