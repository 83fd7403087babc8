import type { ReactNode } from "react";
import { Icon, type IconShape } from "./Icon";

interface Props {
  icon?: IconShape;
  /** Instead of the icon. */
  picture?: ReactNode;
  title: string;
  /** 1 where it is the whole page. */
  level?: 1 | 2;
  actions?: ReactNode;
  children: ReactNode;
}

/** One picture, one sentence, at most two actions. */
export function Blank({ icon, picture, title, level = 2, actions, children }: Props) {
  const Heading = level === 1 ? "h1" : "h2";
  return (
    <div className="blank">
      {picture ?? <span className="blank-i">{icon && <Icon of={icon} />}</span>}
      <Heading className="blank-title">{title}</Heading>
      <p>{children}</p>
      {actions && <div className="blank-acts">{actions}</div>}
    </div>
  );
}
