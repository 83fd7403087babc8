import { createStore } from "zustand/vanilla";

export type RoomDialog =
  | { kind: "create"; parentId: string | null }
  | { kind: "edit"; roomId: string }
  | { kind: "move"; roomId: string }
  | { kind: "delete"; roomId: string }
  | { kind: "invite"; roomId: string | null };

/** Which dialog about rooms is open. The dialogs themselves arrive with their own chunk. */
export const roomDialog = createStore<{ open: RoomDialog | null }>(() => ({ open: null }));

export function openRoomDialog(dialog: RoomDialog): void {
  roomDialog.setState({ open: dialog });
}

export function closeRoomDialog(): void {
  roomDialog.setState({ open: null });
}
