import { createStore } from "zustand/vanilla";

/** The message somebody asked to delete; the question comes in its own chunk. */
export const deleting = createStore<{ message: { roomId: string; id: string } | null }>(() => ({ message: null }));

export function askToDelete(message: { roomId: string; id: string } | null): void {
  deleting.setState({ message });
}
