import { useLingui } from "@lingui/react/macro";
import { useEffect, useEffectEvent } from "react";
import { isUnread, mentionCount, type Undo } from "@/client";
import { roomBeside, roomsInOrder } from "@/features/rooms/TreeModel";
import { lastRoomOf } from "@/features/servers/lastRoom";
import { toast } from "@/ui/toasts";
import { useClient, useHref, useInstance } from "./client";
import { shortcutFor, type ShortcutId } from "./keys";
import { useNavigate } from "./navigate";
import { paths } from "./paths";
import { cycleRegion } from "./regions";
import { comboOf, isTyping } from "./ShortcutModel";

/** Keys that work anywhere in the house. */
export function useShortcuts(serverId: string | null, roomId: string | null): void {
  const client = useClient();
  const { origin, store, actions } = useInstance();
  const href = useHref();
  const go = useNavigate();

  const goRoom = (step: 1 | -1, unreadOnly: boolean) => {
    if (!serverId) return;
    const state = store.getState();
    const order = roomsInOrder(state.trees[serverId] ?? [], state.channels);
    const next = roomBeside(order, roomId ?? undefined, step, unreadOnly ? (id) => isUnread(state, id) || mentionCount(state, id) > 0 : undefined);
    if (next) go(paths.room(serverId, next));
  };
  const goServer = (step: 1 | -1) => {
    const all = client.states.getState().flatMap((state) => state.serverOrder.map((id) => `${state.origin} ${id}`));
    const next = roomBeside(all, serverId ? `${origin} ${serverId}` : undefined, step)?.split(" ");
    if (next?.[0] && next[1]) go(href(next[0], lastRoomOf(next[1])));
  };

  const { t } = useLingui();
  const offerUndo = (undo: Undo | null) => {
    if (undo) toast(t`Marked as read`, { label: t`Undo`, run: () => void undo().catch(() => undefined) });
  };

  const onKeyDown = useEffectEvent((event: KeyboardEvent) => {
    const meant = shortcutFor("anywhere", comboOf(event));
    // Escape belongs to whatever is open or being written; the rest works from anywhere.
    if (!meant || event.defaultPrevented || event.repeat || (event.key === "Escape" && isTyping(event.target))) return;
    const step = meant.at === 0 ? -1 : 1;
    const acts: Partial<Record<ShortcutId, () => void>> = {
      region: () => cycleRegion(step === -1 ? 1 : -1),
      room: () => goRoom(step, false),
      unread: () => goRoom(step, true),
      server: () => goServer(step),
      markRoom: () => roomId && offerUndo(actions.markRead(roomId)),
      markServer: () => serverId && offerUndo(actions.markServerRead(serverId)),
    };
    const act = acts[meant.id];
    if (!act) return;
    event.preventDefault();
    act();
  });

  useEffect(() => {
    const listen = (event: KeyboardEvent) => onKeyDown(event);
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);

  useEffect(() => {
    const gone = new AbortController();
    // They act in a call only, and a call brings more than this.
    void import("./singleKeys").then(({ singleKeys }) => singleKeys(client.call, gone.signal)).catch(() => undefined);
    return () => gone.abort();
  }, [client]);
}
