import { Bot } from "lucide-react";
import type { Ref } from "react";
import { Icon } from "./Icon";
import { hueOf, initialOf } from "./hue";

export type Presence = "online" | "idle" | "dnd" | "offline";

interface Props {
  /** Chooses the hue while there is no picture. */
  id: string;
  name: string;
  picture?: string | null | undefined;
  bot?: boolean;
  size?: "xs" | "sm" | "md" | "lg" | "l48" | "xl" | "xxl";
  status?: Presence | undefined;
  ref?: Ref<HTMLSpanElement>;
}

/** Decorative: the name stands beside it. `ref` is where a level loop writes the speaking ring. */
export function Avatar({ id, name, picture, bot = false, size = "md", status, ref }: Props) {
  return (
    <span className={`av ${size}`} ref={ref} aria-hidden>
      <span className="av-pic">
        <Face id={id} name={name} picture={picture} bot={bot} />
      </span>
      {status && <span className={`st st-${status}`} />}
    </span>
  );
}

function Face({ id, name, picture, bot }: Pick<Props, "id" | "name" | "picture" | "bot">) {
  if (picture) return <img src={picture} alt="" loading="lazy" decoding="async" />;
  if (bot) {
    return (
      <span className="botface">
        <Icon of={Bot} />
      </span>
    );
  }
  return <span className={`initial ground hue-${hueOf(id)}`}>{initialOf(name)}</span>;
}
