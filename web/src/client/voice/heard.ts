/** Who is in the call and how loud each is for me. */

import type { Id } from "../wire";
import type { CallPerson, VoiceSettings } from "./api";
import type { Media } from "./media-port";
import { volumeOf } from "./preferences";

export function peopleOf(media: Media | null, settings: VoiceSettings, origin: string | undefined): Record<Id, CallPerson> {
  const list = (media?.people() ?? []).map((person) => {
    const { volume, muted } = volumeOf(settings, `${origin}|${person.userId}`);
    return [person.userId, { ...person, volume, mutedForMe: muted }] as const;
  });
  return Object.fromEntries(list);
}

export function hearAll(media: Media | null, userIds: readonly Id[], settings: VoiceSettings, origin: string | undefined, deafened: boolean): void {
  for (const userId of userIds) {
    const { volume, muted } = volumeOf(settings, `${origin}|${userId}`);
    media?.hear(userId, { volume: volume * settings.outputVolume, silent: deafened || muted, speaker: settings.speaker });
  }
}
