/**
 * Your own mute and deaf, absolute. Deafening mutes; undeafening brings back the mute that you had; unmuting while
 * deafened means that you want both.
 */
export interface OwnFlags {
  readonly mute: boolean;
  readonly deaf: boolean;
  /** The mute to go back to when the deafness ends. */
  readonly muteBefore: boolean;
}

export const openFlags: OwnFlags = { mute: false, deaf: false, muteBefore: false };

export function withMute(flags: OwnFlags, on: boolean): OwnFlags {
  if (on === flags.mute) return flags;
  return on ? { ...flags, mute: true, muteBefore: true } : { mute: false, deaf: false, muteBefore: false };
}

export function withDeaf(flags: OwnFlags, on: boolean): OwnFlags {
  if (on === flags.deaf) return flags;
  return on ? { mute: true, deaf: true, muteBefore: flags.mute } : { mute: flags.muteBefore, deaf: false, muteBefore: flags.muteBefore };
}
