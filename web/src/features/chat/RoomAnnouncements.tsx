import { useLingui } from "@lingui/react/macro";
import { useEffect, useRef } from "react";
import { nameOf, shownMessages } from "@/client";
import { useHub, useInstance } from "@/app/client";
import { announcer } from "@/app/LiveRegions";
import { isNewer } from "./TimelineModel";

/** Reads new messages of the open room to screen readers: author and text, at most one every two seconds. */
export function RoomAnnouncements({ roomId, serverId }: { roomId: string; serverId: string }) {
  const { t } = useLingui();
  const { store } = useInstance();
  const last = useHub((state) => shownMessages(state, roomId).at(-1)?.id ?? null);
  const heard = useRef(last);
  useEffect(() => {
    const before = heard.current;
    heard.current = last;
    if (!last || !before || !isNewer(last, before)) return;
    const state = store.getState();
    const message = shownMessages(state, roomId).at(-1);
    if (!message || message.author.id === state.me?.id) return;
    const author = nameOf(state, message.author.id, serverId) ?? message.author.display_name;
    announcer.say("room", t`${author}: ${message.content.slice(0, 300)}`);
  }, [last, roomId, serverId, store, t]);
  return null;
}
