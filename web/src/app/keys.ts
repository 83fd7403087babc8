import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import { createStore } from "zustand/vanilla";

type Group = "around" | "talk" | "write" | "read";

export interface Shortcut {
  group: Group;
  words: MessageDescriptor;
  /** As `comboOf` writes them. Where two do opposite things, they stand in the order of the words. */
  keys: readonly string[];
  /** Who listens: the window, the window with a call open, the box one writes in, a focused message. */
  where: "anywhere" | "call" | "box" | "message";
}

/** Every shortcut there is. What listens looks here, what lists them looks here, and so do the tips of the controls. */
export const SHORTCUTS = {
  goTo: { group: "around", where: "anywhere", words: msg`Go to anything`, keys: ["Ctrl+K"] },
  room: { group: "around", where: "anywhere", words: msg`Room above, below`, keys: ["Alt+ArrowUp", "Alt+ArrowDown"] },
  unread: { group: "around", where: "anywhere", words: msg`Unread above, below`, keys: ["Alt+Shift+ArrowUp", "Alt+Shift+ArrowDown"] },
  server: { group: "around", where: "anywhere", words: msg`Server above, below`, keys: ["Ctrl+Alt+ArrowUp", "Ctrl+Alt+ArrowDown"] },
  region: { group: "around", where: "anywhere", words: msg`Next, previous region`, keys: ["F6", "Shift+F6"] },
  sheet: { group: "around", where: "anywhere", words: msg`This list`, keys: ["Ctrl+/"] },
  mute: { group: "talk", where: "call", words: msg`Mute`, keys: ["M", "Ctrl+Shift+M"] },
  deafen: { group: "talk", where: "call", words: msg`Deafen`, keys: ["D", "Ctrl+Shift+D"] },
  camera: { group: "talk", where: "call", words: msg`Camera`, keys: ["V", "Ctrl+Shift+V"] },
  send: { group: "write", where: "box", words: msg`Send`, keys: ["Enter"] },
  newLine: { group: "write", where: "box", words: msg`New line`, keys: ["Shift+Enter"] },
  editLast: { group: "write", where: "box", words: msg`Edit your last message`, keys: ["ArrowUp"] },
  markRoom: { group: "read", where: "anywhere", words: msg`Mark room read`, keys: ["Escape"] },
  markServer: { group: "read", where: "anywhere", words: msg`Mark server read`, keys: ["Shift+Escape"] },
  reply: { group: "read", where: "message", words: msg`Reply to the focused message`, keys: ["R"] },
  edit: { group: "read", where: "message", words: msg`Edit the focused message`, keys: ["E"] },
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
