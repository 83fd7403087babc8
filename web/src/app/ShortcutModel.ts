type Pressed = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/** "Alt+Shift+ArrowUp"; the command key of a Mac counts as Ctrl. */
export function comboOf(event: Pressed): string {
  const held = [(event.ctrlKey || event.metaKey) && "Ctrl", event.altKey && "Alt", event.shiftKey && "Shift"].filter(Boolean);
  return [...held, event.key].join("+");
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
