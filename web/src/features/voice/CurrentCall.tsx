import "@/styles/line.css";
import { useLingui } from "@lingui/react/macro";
import { useLingui as useCatalogue } from "@lingui/react";
import { Headphones, HeadphoneOff, LogOut, Mic, MicOff, Video } from "lucide-react";
import { useCallback } from "react";
import { Link } from "wouter";
import { canInRoom, type Call } from "@/client";
import { useCall, useClient, useHref, useHub } from "@/app/client";
import { tipOf } from "@/app/keys";
import { paths } from "@/app/paths";
import { Button } from "@/ui/Button";
import { IconButton } from "@/ui/IconButton";
import { Bars, Meter } from "@/ui/Meter";
import { Tooltip } from "@/ui/Tooltip";
import { callLine, FAILURES, MIC_TROUBLES, qualityWord } from "./CallWords";
import { followLevel } from "./levels";
import { MutedHint } from "./MutedHint";
import { ownLevel } from "./useVoiceMark";

/** Line, room, controls and what is wrong, at the foot of the tree. */
export default function CurrentCall() {
  const { _ } = useCatalogue();
  const call = useCall((state) => state);
  const room = useHub((state) => state.channels[call.place?.channelId ?? ""]);
  const mark = useOwnMeter();
  const href = useHref();
  const place = call.place;
  if (!place) return null;
  const ms = call.quality.rtt;
  return (
    <>
      <div className="call-top">
        <Quality />
        <Link className="call-room" href={href(place.origin, paths.room(place.serverId, place.channelId))}>
          <strong>{room?.name ?? "…"}</strong>
          <small>
            {_(callLine(call))}
            {call.phase === "connected" && ms !== null && `, ${Math.round(ms)} ms`}
          </small>
        </Link>
        <Meter still={call.muted} ref={mark} />
      </div>
      <Controls />
      <Trouble />
    </>
  );
}

function useOwnMeter() {
  const { call } = useClient();
  return useCallback((element: HTMLElement | null) => (element ? followLevel(element, () => ownLevel(call)) : undefined), [call]);
}

/** Bars; round trip, loss, jitter and codec on hover or focus. */
export function Quality({ words = false }: { words?: boolean }) {
  const { t } = useLingui();
  const { _ } = useCatalogue();
  const { bars, rtt, loss, jitter, codec } = useCall((state) => state.quality);
  const phase = useCall((state) => state.phase);
  const shown = phase === "connected" ? bars : phase === "reconnecting" ? 1 : 0;
  const ms = rtt === null ? "" : `, ${Math.round(rtt)} ms`;
  const facts = [
    rtt !== null && t`${Math.round(rtt)} ms there and back`,
    loss !== null && t`${(loss * 100).toFixed(1)} % lost`,
    jitter !== null && t`${Math.round(jitter)} ms uneven`,
    codec,
  ].filter(Boolean);
  const line = phase === "connected" ? _(qualityWord(bars)) : _(callLine({ phase, muted: false, serverMute: false, suppress: false, deafened: false, failure: null, quality: { bars, rtt, loss, jitter, codec } }));
  return (
    <Tooltip label={facts.length ? facts.join(" · ") : line}>
      <button type="button" className={words ? "netinfo" : "call-q"} aria-label={t`Connection: ${line}${ms}`}>
        <Bars count={shown} />
        {words && <span>{line}{phase === "connected" && ms}</span>}
      </button>
    </Tooltip>
  );
}

function Controls() {
  const { t } = useLingui();
  const { call } = useClient();
  const { selfMute, selfDeaf, muted, camera, place } = useCall((state) => state);
  const mayFilm = useHub((state) => canInRoom(state, place?.channelId ?? "", "USE_CAMERA"));
  return (
    <div className="call-ctl">
      <IconButton className="is-off" icon={muted ? MicOff : Mic} label={t`Mute`} keys={tipOf("mute")} pressed={selfMute || selfDeaf} onClick={() => call.setMute(!(selfMute || selfDeaf))}><MutedHint /></IconButton>
      <IconButton className="is-off" icon={selfDeaf ? HeadphoneOff : Headphones} label={t`Deafen`} keys={tipOf("deafen")} pressed={selfDeaf} onClick={() => call.setDeaf(!selfDeaf)} />
      {mayFilm && <IconButton icon={Video} label={t`Camera`} keys={tipOf("camera")} pressed={camera !== "off"} onClick={() => void setCamera(call, camera === "off")} />}
      <LeaveButton />
    </div>
  );
}

/** The failure itself is in the call's state (`cameraTrouble`), where the screen shows it. */
export function setCamera(call: Call, on: boolean): Promise<void> {
  return call.setCamera(on).catch(() => undefined);
}

function LeaveButton() {
  const { t } = useLingui();
  const { call } = useClient();
  return <IconButton className="leave" icon={LogOut} mirror label={t`Leave the call`} onClick={() => void call.leave()} />;
}

/** What stands in the way of sound, with one thing to do about it. */
function Trouble() {
  const { t } = useLingui();
  const { _ } = useCatalogue();
  const { call } = useClient();
  const { failure, phase, micTrouble, soundBlocked } = useCall((state) => state);
  if (phase === "failed" && failure) {
    return (
      <div className="call-why" role="alert">
        <p>{failure.detail || _(FAILURES[failure.code])}</p>
        <Button size="small" kind="soft" onClick={() => void call.retry()}>{t`Try again`}</Button>
      </div>
    );
  }
  if (soundBlocked) {
    return (
      <div className="call-why">
        <Button size="small" kind="soft" onClick={() => void call.resumeSound()}>{t`Turn the sound on`}</Button>
      </div>
    );
  }
  return micTrouble ? <p className="call-why" role="status">{_(MIC_TROUBLES[micTrouble])}</p> : null;
}
