import { shortcutFor } from "@/app/keys";
import { comboOf } from "@/app/ShortcutModel";

/** What Enter, Escape and the arrows mean in the box, before any of it happens. */
export type BoxAct = "send" | "newline" | "cancel" | "edit-last" | "enter-log" | null;

interface Pressed {
  key: string;
  shiftKey: boolean;
  ctrlKey: boolean;
  altKey: boolean;
  metaKey: boolean;
}

interface Box {
  text: string;
  /** The caret stands in the first line and nothing is selected. */
  firstLine: boolean;
  /** A keyboard on glass: Enter makes lines there, the button sends. */
  touch: boolean;
  /** There is something to cancel: a reply. */
  replying: boolean;
}

export function boxAct(pressed: Pressed, { text, firstLine, touch, replying }: Box): BoxAct {
  const combo = comboOf(pressed);
  if (combo === "Escape") return replying ? "cancel" : null;
  const meant = shortcutFor("box", combo)?.id;
  if (meant === "newLine" || (meant === "send" && touch)) return "newline";
  if (meant === "send") return "send";
  if (meant !== "editLast") return null;
  if (!text) return "edit-last";
  return firstLine ? "enter-log" : null;
}

/** Characters left, shown when fewer than 200 remain; negative is too long. The limit counts code points, as the instance does. */
export function charactersLeft(text: string, limit: number): number | null {
  const left = limit - [...text].length;
  return left < 200 ? left : null;
}
