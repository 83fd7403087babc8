import { useLingui } from "@lingui/react/macro";
import { useEffect, useEffectEvent } from "react";
import { isUnread, mentionCount, type Undo } from "@/client";
import { roomBeside, roomsInOrder } from "@/features/rooms/TreeModel";
import { lastRoomOf } from "@/features/servers/lastRoom";
import { toast } from "@/ui/toasts";
import { useClient, useInstance } from "./client";
import { useNavigate } from "./navigate";
import { paths } from "./paths";
import { cycleRegion } from "./regions";
import { singleKeys } from "./singleKeys";
import { comboOf, isTyping } from "./ShortcutModel";

/** Keys that work anywhere in the house. */
export function useShortcuts(serverId: string | null, roomId: string | null): void {
  const { call } = useClient();
  const { store, actions } = useInstance();
  const go = useNavigate();

  const goRoom = (step: 1 | -1, unreadOnly: boolean) => {
    if (!serverId) return;
    const state = store.getState();
    const order = roomsInOrder(state.trees[serverId] ?? [], state.channels);
    const next = roomBeside(order, roomId ?? undefined, step, unreadOnly ? (id) => isUnread(state, id) || mentionCount(state, id) > 0 : undefined);
    if (next) go(paths.room(serverId, next));
  };
  const goServer = (step: 1 | -1) => {
    const next = roomBeside(store.getState().serverOrder, serverId ?? undefined, step);
    if (next) go(lastRoomOf(next));
  };

  const { t } = useLingui();
  const offerUndo = (undo: Undo | null) => {
    if (undo) toast(t`Marked as read`, { label: t`Undo`, run: () => void undo().catch(() => undefined) });
  };

  const onKeyDown = useEffectEvent((event: KeyboardEvent) => {
    const keys: Record<string, () => void> = {
      F6: () => cycleRegion(1),
      "Shift+F6": () => cycleRegion(-1),
      "Alt+ArrowUp": () => goRoom(-1, false),
      "Alt+ArrowDown": () => goRoom(1, false),
      "Alt+Shift+ArrowUp": () => goRoom(-1, true),
      "Alt+Shift+ArrowDown": () => goRoom(1, true),
      "Ctrl+Alt+ArrowUp": () => goServer(-1),
      "Ctrl+Alt+ArrowDown": () => goServer(1),
      Escape: () => roomId && offerUndo(actions.markRead(roomId)),
      "Shift+Escape": () => serverId && offerUndo(actions.markServerRead(serverId)),
    };
    const combo = comboOf(event);
    const run = keys[combo];
    // Escape belongs to whatever is open or being written; the rest works from anywhere.
    if (!run || event.defaultPrevented || event.repeat || (event.key === "Escape" && isTyping(event.target))) return;
    event.preventDefault();
    run();
  });

  useEffect(() => {
    const listen = (event: KeyboardEvent) => onKeyDown(event);
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);

  useEffect(() => singleKeys(call), [call]);
}
