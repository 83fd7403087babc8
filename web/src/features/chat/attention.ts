import { createStore } from "zustand/vanilla";

/** What the composer answers and which message is being changed: one of each per room, for this visit. */
interface Attention {
  replyTo: Readonly<Record<string, string>>;
  editing: Readonly<Record<string, string>>;
}

export const attention = createStore<Attention>(() => ({ replyTo: {}, editing: {} }));

export function replyTo(room: string, message: string | null): void {
  attention.setState((state) => ({ replyTo: put(state.replyTo, room, message) }));
  if (message) focusComposer();
}

export function startEditing(room: string, message: string | null): void {
  attention.setState((state) => ({ editing: put(state.editing, room, message) }));
  if (!message) focusComposer();
}

/** The composer of the open room; focus goes there after whatever is happening now. */
export function focusComposer(): void {
  requestAnimationFrame(() => document.querySelector<HTMLElement>("[data-composer]")?.focus());
}

function put(record: Readonly<Record<string, string>>, room: string, message: string | null): Record<string, string> {
  const { [room]: _, ...rest } = record;
  return message ? { ...rest, [room]: message } : rest;
}

/** Who opens a room with the keyboard means to write: the field gets the focus as soon as that room shows one. */
export function focusComposerOf(roomId: string, frames = 90): void {
  requestAnimationFrame(() => {
    const field = window.location.pathname.endsWith(`/${roomId}`) ? document.querySelector<HTMLElement>("[data-composer]") : null;
    if (field) field.focus();
    else if (frames > 0) focusComposerOf(roomId, frames - 1);
  });
}
