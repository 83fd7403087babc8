import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { CallState, MicTrouble } from "@/client";

/** One line about the call: what a person wants to know first. */
export function callLine(state: Pick<CallState, "phase" | "muted" | "serverMute" | "suppress" | "deafened" | "quality" | "failure">): MessageDescriptor {
  if (state.phase === "connecting") return msg`Opening the line`;
  if (state.phase === "reconnecting") return msg`Voice is holding`;
  if (state.phase === "failed") return msg`The line is closed`;
  if (state.deafened) return msg`You hear nothing`;
  if (state.suppress) return msg`You may listen here`;
  if (state.serverMute) return msg`Muted by a moderator`;
  if (state.muted) return msg`You are muted`;
  return qualityWord(state.quality.bars);
}

export function qualityWord(bars: number): MessageDescriptor {
  if (bars >= 3) return msg`Good`;
  if (bars === 2) return msg`Fair`;
  return bars === 1 ? msg`Poor` : msg`No line`;
}

/** Why the call ended or did not begin, and what to do. */
export const FAILURES: Record<NonNullable<CallState["failure"]>["code"], MessageDescriptor> = {
  refused: msg`This room does not let you in.`,
  offline: msg`The server did not answer. Your place is free again.`,
  "no-media-path": msg`Sound cannot get through from this network. Another network, or the person who runs the server, can help.`,
  removed: msg`A moderator sent you out of the room.`,
  ended: msg`The room was closed.`,
  elsewhere: msg`You went into a room on another device.`,
};

export const MIC_TROUBLES: Record<MicTrouble, MessageDescriptor> = {
  blocked: msg`This browser does not let Hubbub use the microphone. Allow it at the lock beside the address, then try again. You can listen meanwhile.`,
  missing: msg`No microphone is plugged in. You can listen meanwhile.`,
  busy: msg`Another program holds the microphone. You can listen meanwhile.`,
  insecure: msg`Browsers allow microphones on HTTPS pages only. Whoever runs this server can turn on HUBBUB_TLS. You can listen meanwhile.`,
};

export const CAMERA_TROUBLES: Record<MicTrouble, MessageDescriptor> = {
  blocked: msg`This browser does not let Hubbub use the camera. Allow it at the lock beside the address, then try again.`,
  missing: msg`No camera is plugged in.`,
  busy: msg`Another program holds the camera.`,
  insecure: msg`Browsers allow cameras on HTTPS pages only.`,
};
