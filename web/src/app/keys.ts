import { createStore } from "zustand/vanilla";

export interface Shortcut {
  /** As `comboOf` writes them. Where two do opposite things, they stand in the order of the words. */
  keys: readonly string[];
  /** Who listens: the window, the window with a call open, the box one writes in, a focused message. */
  where: "anywhere" | "call" | "box" | "message";
}

/** Every shortcut there is. What listens looks here, and so do the tips of the controls; KeyTable has the words for each. */
export const SHORTCUTS = {
  goTo: { where: "anywhere", keys: ["Ctrl+K"] },
  room: { where: "anywhere", keys: ["Alt+ArrowUp", "Alt+ArrowDown"] },
  unread: { where: "anywhere", keys: ["Alt+Shift+ArrowUp", "Alt+Shift+ArrowDown"] },
  server: { where: "anywhere", keys: ["Ctrl+Alt+ArrowUp", "Ctrl+Alt+ArrowDown"] },
  region: { where: "anywhere", keys: ["F6", "Shift+F6"] },
  sheet: { where: "anywhere", keys: ["Ctrl+/"] },
  mute: { where: "call", keys: ["M", "Ctrl+Shift+M"] },
  deafen: { where: "call", keys: ["D", "Ctrl+Shift+D"] },
  camera: { where: "call", keys: ["V", "Ctrl+Shift+V"] },
  send: { where: "box", keys: ["Enter"] },
  newLine: { where: "box", keys: ["Shift+Enter"] },
  editLast: { where: "box", keys: ["ArrowUp"] },
  markRoom: { where: "anywhere", keys: ["Escape"] },
  markServer: { where: "anywhere", keys: ["Shift+Escape"] },
  reply: { where: "message", keys: ["R"] },
  edit: { where: "message", keys: ["E"] },
} satisfies Record<string, Shortcut>;

export type ShortcutId = keyof typeof SHORTCUTS;

const SINGLE = "hubbub.single-keys";

/** One switch turns the single keys off (they may collide with speech input). */
export const singleKeysOn = createStore<boolean>(() => localStorage.getItem(SINGLE) !== "off");

export function allowSingleKeys(on: boolean): void {
  singleKeysOn.setState(on, true);
  localStorage.setItem(SINGLE, on ? "on" : "off");
}

const byCombo = new Map(Object.entries(SHORTCUTS).flatMap(([id, { keys, where }]) => keys.map((key, at) => [`${where} ${key}`, { id: id as ShortcutId, at }] as const)));

/** What a combination means there, and which of its keys it was. */
export function shortcutFor(where: Shortcut["where"], combo: string): { id: ShortcutId; at: number } | null {
  return byCombo.get(`${where} ${combo}`) ?? null;
}

/** One letter, which only counts outside of text fields and while the switch is on. */
export function isSingle(combo: string): boolean {
  return combo.length === 1;
}

/** For a control's tip: the shortest that works now. */
export function tipOf(id: ShortcutId): string {
  const keys: readonly string[] = SHORTCUTS[id].keys;
  const single = SHORTCUTS[id].where !== "call" || singleKeysOn.getState();
  return (single ? keys[0] : keys.find((combo) => !isSingle(combo))) ?? "";
}
