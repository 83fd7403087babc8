import { createStore } from "zustand/vanilla";

/** What lies over the whole house and may be asked for from anywhere. */
export const overlay = createStore<{ open: "switcher" | "shortcuts" | "add-server" | null }>(() => ({ open: null }));

export function openOverlay(open: "switcher" | "shortcuts" | "add-server"): void {
  overlay.setState({ open });
}

export function closeOverlay(): void {
  overlay.setState({ open: null });
}
