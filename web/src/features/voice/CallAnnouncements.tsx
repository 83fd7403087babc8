import { useLingui } from "@lingui/react/macro";
import { useLingui as useCatalogue } from "@lingui/react";
import { useEffect, useEffectEvent, useRef } from "react";
import { nameOf, rosterOf } from "@/client";
import { useCall, useHubShallow, useInstance } from "@/app/client";
import { announcer } from "@/app/LiveRegions";
import { FAILURES } from "./CallWords";

/** Tells screen readers who comes and goes in your call, and at once what happens to you. Speaking is never announced. */
export default function CallAnnouncements({ room }: { room: string }) {
  const { t } = useLingui();
  const { _ } = useCatalogue();
  const { store } = useInstance();
  const people = useHubShallow((state) => rosterOf(state, room).map((voice) => voice.user_id));
  const { serverMute, serverDeaf, failure, mutedTalkAt } = useCall((state) => state);
  const before = useRef<readonly string[] | null>(null);

  const sayPeople = useEffectEvent(() => {
    const known = before.current;
    before.current = people;
    if (!known) return;
    const state = store.getState();
    const tell = (id: string, words: (name: string) => string) => id !== state.me?.id && announcer.say("call", words(nameOf(state, id) ?? t`Somebody`));
    for (const id of people) if (!known.includes(id)) tell(id, (name) => t`${name} came in`);
    for (const id of known) if (!people.includes(id)) tell(id, (name) => t`${name} left`);
  });
  const sayMuted = useEffectEvent(() => serverMute && announcer.say("alert", t`You were muted by a moderator`));
  const sayDeafened = useEffectEvent(() => serverDeaf && announcer.say("alert", t`You were deafened by a moderator`));
  const sayFailure = useEffectEvent(() => failure && announcer.say("alert", failure.detail || _(FAILURES[failure.code])));

  const talked = useRef(mutedTalkAt);
  const sayTalkingMuted = useEffectEvent(() => {
    if (mutedTalkAt !== talked.current) announcer.say("call", t`You are muted`);
    talked.current = mutedTalkAt;
  });

  useEffect(() => sayTalkingMuted(), [mutedTalkAt]);
  useEffect(() => sayPeople(), [people]);
  useEffect(() => void sayMuted(), [serverMute]);
  useEffect(() => void sayDeafened(), [serverDeaf]);
  useEffect(() => void sayFailure(), [failure]);
  return null;
}
