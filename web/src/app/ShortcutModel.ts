type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/**
 * "Alt+Shift+ArrowUp", "Ctrl+K"; the command key of a Mac counts as Ctrl. Signs stand for themselves: which of them need
 * Shift depends on the keyboard.
 */
export function comboOf({ key, ctrlKey, metaKey, altKey, shiftKey }: Pressed): string {
  const sign = key.length === 1 && key.toUpperCase() === key.toLowerCase() && key !== " ";
  const held = [(ctrlKey || metaKey) && "Ctrl", altKey && "Alt", shiftKey && !sign && "Shift"].filter(Boolean);
  return [...held, key.length === 1 ? key.toUpperCase() : key].join("+");
}

/** Letters belong to the field that has the focus. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement) return true;
  return target instanceof HTMLInputElement && !["checkbox", "radio", "button", "submit", "range"].includes(target.type);
}

/** Keys that a focused control needs for itself: Space presses a button, arrows move a slider. */
export function usesSpace(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest("[role=menu], [role=listbox], [role=dialog], [role=alertdialog], select") !== null;
}
