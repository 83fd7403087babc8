import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { ScreenShare, Unplug } from "lucide-react";
import { useEffect, useState } from "react";
import { Link } from "wouter";
import { nameOf, rosterOf } from "@/client";
import { InstanceScope, useEvery, useHref, useHub, useHubShallow, useInstance } from "@/app/client";
import { useLinkLost } from "@/app/link";
import { paths } from "@/app/paths";
import { useVoiceMark } from "@/features/voice/useVoiceMark";
import { Avatar } from "@/ui/Avatar";
import { Icon } from "@/ui/Icon";
import { ServerArch } from "@/ui/ServerArch";
import { litPlaces } from "./LightsModel";

/** Rooms with people in sound, on every server of every instance. */
export function LitCards() {
  const lit = useLit();
  if (!lit.length) return <p className="hint away-line"><Trans>All rooms are dark. Go into one, others will see the light.</Trans></p>;
  return (
    <div className="cards">
      {lit.map(([origin, id]) => (
        <InstanceScope key={`${origin} ${id}`} origin={origin}>
          <LitCard roomId={id} />
        </InstanceScope>
      ))}
    </div>
  );
}

/** Origin and room, fullest first. */
export function useLit(): readonly (readonly [string, string])[] {
  const lit = useEvery((state) => litPlaces(state).join(" "));
  const origins = useEvery((state) => state.origin);
  const counts = useEvery((state) => litPlaces(state).map((id) => rosterOf(state, id).length).join(" "));
  return lit
    .flatMap((ids, at) => ids.split(" ").filter(Boolean).map((id, index) => ({ origin: origins[at] ?? "", id, people: Number(counts[at]?.split(" ")[index]) })))
    .toSorted((a, b) => b.people - a.people)
    .map(({ origin, id }) => [origin, id] as const);
}

function LitCard({ roomId }: { roomId: string }) {
  const { origin } = useInstance();
  const href = useHref();
  const room = useHub((state) => state.channels[roomId]);
  const server = useHub((state) => state.servers[room?.server_id ?? ""]);
  const people = useHubShallow((state) => rosterOf(state, roomId).map((voice) => voice.user_id));
  const first = useHub((state) => nameOf(state, people[0] ?? "", room?.server_id));
  const sharing = useHub((state) => {
    const voice = rosterOf(state, roomId).find(({ self_stream }) => self_stream);
    return voice ? nameOf(state, voice.user_id, room?.server_id) : null;
  });
  if (!room || !server) return null;
  return (
    <Link className="card lit" href={href(origin, paths.room(server.id, roomId))}>
      <span className="card-h">
        <ServerArch id={server.id} name={server.name} picture={server.icon} />
        <strong>{room.name}</strong>
        <small>{server.name}</small>
      </span>
      <span className="stack">
        {people.slice(0, 6).map((id) => <Face key={id} roomId={roomId} id={id} />)}
        <b>{people.length === 1 ? first : <Plural value={people.length} one="# person" other="# people" />}</b>
      </span>
      {sharing && <span className="card-note"><Icon of={ScreenShare} /><Trans>{sharing} is sharing a screen</Trans></span>}
    </Link>
  );
}

function Face({ roomId, id }: { roomId: string; id: string }) {
  const user = useHub((state) => state.users[id]);
  const mark = useVoiceMark(roomId, id);
  return <Avatar ref={mark} id={id} name={user?.display_name ?? "?"} picture={user?.avatar} size="sm" />;
}

/** Instances that do not answer, each with its next attempt. */
export function AwayLines() {
  const origins = useEvery((state) => state.origin);
  return origins.map((origin) => (
    <InstanceScope key={origin} origin={origin}>
      <AwayLine />
    </InstanceScope>
  ));
}

function AwayLine() {
  const { t } = useLingui();
  const away = useLinkLost();
  const instance = useInstance();
  const names = useHub((state) => state.serverOrder.map((id) => state.servers[id]?.name).filter(Boolean).join(", ") || state.host);
  const next = useHub((state) => state.link.nextAttemptAt);
  const seconds = useSecondsUntil(away ? next : null);
  if (!away) return null;
  return (
    <p className="away-line">
      <Icon of={Unplug} />
      <span>
        {seconds ? <Trans>{names} is not reachable. Trying again in {seconds} s.</Trans> : <Trans>{names} is not reachable. Trying again now.</Trans>}
        <button type="button" className="linkish" onClick={() => instance.reconnectNow()}>{t`Try now`}</button>
      </span>
    </p>
  );
}

function useSecondsUntil(at: number | null): number {
  const [now, tick] = useState(() => Date.now());
  useEffect(() => {
    if (at === null) return;
    const timer = setInterval(() => tick(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [at]);
  return at === null ? 0 : Math.max(0, Math.ceil((at - now) / 1000));
}
