import { useLingui } from "@lingui/react/macro";
import { useMemo } from "react";
import { canInRoom } from "@/client";
import { useCall, useClient, useHref } from "@/app/client";
import { useNavigate } from "@/app/navigate";
import { openOverlay } from "@/app/overlay";
import { paths } from "@/app/paths";
import { focusComposerOf } from "@/features/chat/attention";
import { personCard } from "@/features/people/PersonTrigger";
import { lastRoomOf } from "@/features/servers/lastRoom";
import type { ActionEntry, Entry } from "./SwitcherModel";

/** What can be done from anywhere. */
export function useActionEntries(): readonly ActionEntry[] {
  const { t } = useLingui();
  const inCall = useCall((state) => state.place !== null);
  return useMemo(() => {
    const settings = t`Your settings`;
    const action = (id: string, name: string, where: string): ActionEntry => ({ kind: "action", key: `> ${id}`, id, name, where });
    const call = inCall ? [action("mute", t`Mute`, t`Your call`), action("deafen", t`Deafen`, t`Your call`), action("leave", t`Leave the call`, t`Your call`)] : [];
    return [
      ...call,
      action("home", t`Home`, t`Lights on and mentions`),
      action("add-server", t`Add a server`, t`Make one, or open an invite link`),
      action("shortcuts", t`Keyboard shortcuts`, t`Every key there is`),
      ...[["profile", t`Profile`], ["devices", t`Devices`], ["sound", t`Microphone and sound`], ["look", t`Look and language`], ["places", t`Places`], ["keys", t`Keys`]].map(([page = "", name = ""]) => action(page, name, settings)),
    ];
  }, [t, inCall]);
}

/** Goes there and closes the switcher; `stay`: joins a voice room without leaving what is open. */
export function useChoose(onClose: () => void): (entry: Entry, stay: boolean) => void {
  const client = useClient();
  const href = useHref();
  const go = useNavigate();
  const { call } = client;

  function act(id: string): void {
    const { selfMute, selfDeaf } = call.store.getState();
    switch (id) {
      case "mute": return call.setMute(!selfMute);
      case "deafen": return call.setDeaf(!selfDeaf);
      case "leave": return void call.leave();
      case "home": return go(`~${paths.home}`);
      case "add-server":
      case "shortcuts": return openOverlay(id);
      default: return go(paths.settings(id));
    }
  }

  return (entry, stay) => {
    onClose();
    if (entry.kind === "action") return act(entry.id);
    const { origin, serverId } = entry;
    if (entry.kind === "server") return go(href(origin, lastRoomOf(serverId)));
    if (entry.kind === "person") {
      if (entry.roomId) return go(href(origin, paths.room(serverId, entry.roomId)));
      go(href(origin, lastRoomOf(serverId)));
      return showCard(serverId, entry.userId);
    }
    const state = client.instance(origin)?.store.getState();
    if (stay && entry.voice && state && canInRoom(state, entry.roomId, "CONNECT")) return void call.join({ origin, serverId, channelId: entry.roomId });
    go(href(origin, paths.room(serverId, entry.roomId)));
    if (!entry.voice) focusComposerOf(entry.roomId);
    return undefined;
  };
}

/** Beside the head of what is open by then. */
function showCard(serverId: string, userId: string, frames = 60): void {
  requestAnimationFrame(() => {
    const anchor = document.querySelector<HTMLElement>(".head h1");
    if (anchor && window.location.pathname.includes(serverId)) personCard.setState({ open: { serverId, userId, anchor } });
    else if (frames > 0) showCard(serverId, userId, frames - 1);
  });
}
