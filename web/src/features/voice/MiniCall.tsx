import "@/styles/line.css";
import { useLingui } from "@lingui/react/macro";
import { useLingui as useCatalogue } from "@lingui/react";
import { Mic, MicOff } from "lucide-react";
import { useCallback } from "react";
import { Link } from "wouter";
import { isSpeaking, nameOf, rosterOf } from "@/client";
import { InstanceScope, useCall, useClient, useHref, useHub } from "@/app/client";
import { tipOf } from "@/app/keys";
import { paths } from "@/app/paths";
import { IconButton } from "@/ui/IconButton";
import { Bars, Meter } from "@/ui/Meter";
import { callLine } from "./CallWords";
import { followLevel } from "./levels";
import { MutedHint } from "./MutedHint";

/** The call above the composer, where the tree is not in sight. */
export default function MiniCall() {
  const origin = useCall((state) => state.place?.origin ?? null);
  return origin && <InstanceScope origin={origin}><Bar /></InstanceScope>;
}

function Bar() {
  const { t } = useLingui();
  const { _ } = useCatalogue();
  const { call } = useClient();
  const href = useHref();
  const state = useCall((now) => now);
  const room = state.place?.channelId ?? "";
  const name = useHub((hub) => hub.channels[room]?.name ?? "…");
  const talker = useHub((hub) => {
    const voice = rosterOf(hub, room).find(({ user_id }) => isSpeaking(hub, room, user_id));
    return voice ? nameOf(hub, voice.user_id, voice.server_id) : null;
  });
  const meter = useCallback(
    (element: HTMLElement | null) => (element ? followLevel(element, () => Math.max(call.level(), ...Object.keys(call.store.getState().people).map((id) => call.levelOf(id)))) : undefined),
    [call],
  );
  if (!state.place) return null;
  return (
    <div className="mini-call">
      <Link href={href(state.place.origin, paths.room(state.place.serverId, room))}>
        <Bars count={state.quality.bars} />
        <span>
          <strong>{name}</strong>
          <small>{talker ? t`${talker} is talking` : _(callLine(state))}</small>
        </span>
        <Meter ref={meter} />
      </Link>
      <IconButton icon={state.muted ? MicOff : Mic} label={t`Mute`} keys={tipOf("mute")} pressed={state.selfMute} className="is-off" onClick={() => call.setMute(!state.selfMute)}><MutedHint /></IconButton>
    </div>
  );
}
