import { Trans, useLingui } from "@lingui/react/macro";
import { useLingui as useCatalogue } from "@lingui/react";
import { ChevronDown, Headphones, HeadphoneOff, LogOut, Mic, MicOff, Video } from "lucide-react";
import type { ReactElement, ReactNode } from "react";
import { canInRoom } from "@/client";
import { useCall, useClient, useHub } from "@/app/client";
import { tipOf } from "@/app/keys";
import { Icon, type IconShape } from "@/ui/Icon";
import { Popover } from "@/ui/Popover";
import { Tooltip } from "@/ui/Tooltip";
import { AudioMenu } from "./AudioMenu";
import { CameraMenu } from "./CameraMenu";
import { setCamera } from "./CurrentCall";
import { CAMERA_TROUBLES } from "./CallWords";
import { MutedHint } from "./MutedHint";

/** The row under the tiles. Names stay, states are pressed or not; leaving stands apart. */
export function CallControls({ roomId }: { roomId: string }) {
  const { t } = useLingui();
  const { call } = useClient();
  const { selfMute, selfDeaf, muted, camera } = useCall((state) => state);
  const mayFilm = useHub((state) => canInRoom(state, roomId, "USE_CAMERA"));
  const silent = selfMute || selfDeaf;
  return (
    <>
      <CameraTrouble />
      <div className="ctls" role="toolbar" aria-label={t`Call controls`} data-region>
        <Control icon={muted ? MicOff : Mic} label={t`Mute`} keys={tipOf("mute")} pressed={silent} tone="off" onPress={() => call.setMute(!silent)} hint={<MutedHint />} more={<More label={t`Microphone and sound`}><AudioMenu /></More>} />
        <Control icon={selfDeaf ? HeadphoneOff : Headphones} label={t`Deafen`} keys={tipOf("deafen")} pressed={selfDeaf} tone="off" onPress={() => call.setDeaf(!selfDeaf)} />
        {mayFilm && <Control icon={Video} label={t`Camera`} keys={tipOf("camera")} pressed={camera !== "off"} tone="on" onPress={() => void setCamera(call, camera === "off")} more={<More label={t`Choose a camera`}><CameraMenu /></More>} />}
        <span className="gap" />
        <Control className="leave" icon={LogOut} label={t`Leave`} onPress={() => void call.leave()} />
      </div>
    </>
  );
}

interface ControlProps {
  icon: IconShape;
  label: string;
  keys?: string;
  pressed?: boolean;
  /** What pressed means: something is off, or something is on. */
  tone?: "on" | "off";
  className?: string;
  onPress: () => void;
  /** Floats at the button. */
  hint?: ReactElement;
  more?: ReactElement;
}

function Control({ icon, label, keys, pressed, tone = "on", className = "", onPress, hint, more }: ControlProps) {
  return (
    <span className={`ctl ${className}`}>
      <Tooltip label={label} keys={keys}>
        <button type="button" className={tone} aria-pressed={pressed} onClick={onPress}>
          <Icon of={icon} />
          <small>{label}</small>
          {hint}
        </button>
      </Tooltip>
      {more}
    </span>
  );
}

function More({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Popover label={label} side="top" trigger={<button type="button" className="more" aria-label={label}><Icon of={ChevronDown} /></button>}>
      {children}
    </Popover>
  );
}

function CameraTrouble() {
  const { _ } = useCatalogue();
  const trouble = useCall((state) => state.cameraTrouble);
  if (!trouble) return null;
  return <p className="call-note" role="alert"><Trans>The camera stays off.</Trans> {_(CAMERA_TROUBLES[trouble])}</p>;
}
