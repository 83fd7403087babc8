import { useEffect, useRef } from "react";
import { isUnread, mentionCount } from "@/client";
import { roomBeside, roomsInOrder } from "@/features/rooms/TreeModel";
import { lastRoomOf } from "@/features/servers/lastRoom";
import { useClient, useInstance } from "./client";
import { useNavigate } from "./navigate";
import { paths } from "./paths";
import { cycleRegion } from "./regions";
import { singleKeys } from "./singleKeys";
import { comboOf, isTyping } from "./ShortcutModel";

/** Keys that work anywhere in the house. */
export function useShortcuts(serverId: string | null, roomId: string | null): void {
  const client = useClient();
  const { store, actions } = useInstance();
  const go = useNavigate();
  const here = useRef({ serverId, roomId });
  here.current = { serverId, roomId };

  useEffect(() => {
    const room = (step: 1 | -1, unreadOnly: boolean) => {
      const { serverId: server, roomId: current } = here.current;
      const state = store.getState();
      if (!server) return;
      const order = roomsInOrder(state.trees[server] ?? [], state.channels);
      const next = roomBeside(order, current ?? undefined, step, unreadOnly ? (id) => isUnread(state, id) || mentionCount(state, id) > 0 : undefined);
      if (next) go(paths.room(server, next));
    };
    const server = (step: 1 | -1) => {
      const next = roomBeside(store.getState().serverOrder, here.current.serverId ?? undefined, step);
      if (next) go(lastRoomOf(next));
    };
    const keys: Record<string, () => void> = {
      F6: () => cycleRegion(1),
      "Shift+F6": () => cycleRegion(-1),
      "Alt+ArrowUp": () => room(-1, false),
      "Alt+ArrowDown": () => room(1, false),
      "Alt+Shift+ArrowUp": () => room(-1, true),
      "Alt+Shift+ArrowDown": () => room(1, true),
      "Ctrl+Alt+ArrowUp": () => server(-1),
      "Ctrl+Alt+ArrowDown": () => server(1),
    };
    const onKeyDown = (event: KeyboardEvent) => {
      const run = keys[comboOf(event)];
      if (!run || event.defaultPrevented || event.repeat) return;
      event.preventDefault();
      run();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, [store, go]);

  useEffect(() => {
    const onEscape = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented || isTyping(event.target)) return;
      const { serverId: server, roomId: current } = here.current;
      if (event.shiftKey && server) actions.markServerRead(server);
      else if (current) actions.markRead(current);
    };
    window.addEventListener("keydown", onEscape);
    return () => window.removeEventListener("keydown", onEscape);
  }, [actions]);

  useEffect(() => singleKeys(client.call), [client]);
}
