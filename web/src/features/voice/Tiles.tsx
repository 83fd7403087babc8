import { Trans, useLingui } from "@lingui/react/macro";
import { ChevronLeft, ChevronRight, HeadphoneOff, MicOff, UserPlus } from "lucide-react";
import { useCallback, useLayoutEffect, useRef, useState } from "react";
import { canInServer, nameOf, rosterOf, type VoiceState } from "@/client";
import { useCall, useClient, useHub, useHubShallow } from "@/app/client";
import { NARROW, useMedia } from "@/app/media";
import { PersonTrigger } from "@/features/people/PersonTrigger";
import { openRoomDialog } from "@/features/rooms/roomDialogs";
import { Avatar } from "@/ui/Avatar";
import { hueOf } from "@/ui/hue";
import { Icon } from "@/ui/Icon";
import { IconButton } from "@/ui/IconButton";
import { Bars, Meter } from "@/ui/Meter";
import { columnsFor, pageOf } from "./TilesModel";
import { useVoiceMark } from "./useVoiceMark";

/** Everybody in the call, in the order they came: nobody jumps when they speak. */
export function Tiles({ serverId, roomId }: { serverId: string; roomId: string }) {
  const people = useHubShallow((state) => rosterOf(state, roomId));
  const mayInvite = useHub((state) => canInServer(state, serverId, "CREATE_INVITE"));
  const [wanted, turn] = useState(0);
  const { shown, page, pages } = pageOf(people, wanted);
  const narrow = useMedia(NARROW);
  const free = mayInvite && people.length < 6 && !narrow;
  const [box, columns] = useColumns(shown.length + (free ? 1 : 0));
  return (
    <div className="stage">
      <div className={`tiles ${columns === 2 && (shown.length + (free ? 1 : 0)) % 2 === 1 ? "odd" : ""}`} ref={box} style={{ "--cols": columns }}>
        {shown.map((voice) => (
          <Tile key={voice.user_id} voice={voice} />
        ))}
        {free && (
          <button type="button" className="tile tile-free" onClick={() => openRoomDialog({ kind: "invite", roomId })}>
            <Icon of={UserPlus} />
            <Trans>Bring someone in</Trans>
          </button>
        )}
      </div>
      {pages > 1 && <Pager page={page} pages={pages} turn={turn} />}
    </div>
  );
}

function useColumns(count: number): [(node: HTMLElement | null) => (() => void) | undefined, number] {
  const [size, setSize] = useState({ width: 0, height: 0 });
  const ref = useCallback((node: HTMLElement | null) => {
    if (!node) return undefined;
    const observer = new ResizeObserver(([entry]) => entry && setSize({ width: entry.contentRect.width, height: entry.contentRect.height }));
    observer.observe(node);
    return () => observer.disconnect();
  }, []);
  return [ref, columnsFor(count, size.width, size.height)];
}

function Pager({ page, pages, turn }: { page: number; pages: number; turn: (page: number) => void }) {
  const { t } = useLingui();
  return (
    <div className="pager">
      <IconButton icon={ChevronLeft} mirror label={t`Previous people`} onClick={() => turn(page - 1)} aria-disabled={page === 0 || undefined} />
      <span>{page + 1} / {pages}</span>
      <IconButton icon={ChevronRight} mirror label={t`More people`} onClick={() => turn(page + 1)} aria-disabled={page === pages - 1 || undefined} />
    </div>
  );
}

function Tile({ voice }: { voice: VoiceState }) {
  const { t } = useLingui();
  const { user_id: id, server_id: server, channel_id: room } = voice;
  const user = useHub((state) => state.users[id]);
  const mine = useHub((state) => state.me?.id === id);
  const name = useHub((state) => nameOf(state, id, server)) ?? t`Somebody`;
  const camera = useCall((state) => (mine ? state.camera === "on" : (state.people[id]?.camera ?? false)));
  const bars = useCall((state) => (mine ? 4 : (state.people[id]?.bars ?? 4)));
  const mark = useVoiceMark(room, id);
  const deaf = voice.deaf || voice.self_deaf;
  const quiet = deaf || voice.mute || voice.self_mute || voice.suppress;
  return (
    <figure className={`tile ${camera ? "" : `nocam hue-${hueOf(id)}`}`} ref={mark}>
      {camera ? <Camera who={mine ? "me" : id} own={mine} name={name} /> : <Avatar id={id} name={name} picture={user?.avatar} bot={user?.kind === "bot"} size="xl" />}
      <figcaption>
        {quiet ? <Icon of={deaf ? HeadphoneOff : MicOff} /> : <Meter />}
        <span className="t">{mine ? t`You` : name}</span>
        {quiet && <span className="vh">, {deaf ? t`deafened` : t`muted`}</span>}
      </figcaption>
      {bars > 0 && bars < 3 && <span className="weak"><Bars count={bars} /><Trans>Weak</Trans></span>}
      {!mine && (
        <PersonTrigger serverId={server} userId={id}>
          <button type="button" className="tile-open" aria-label={t`About ${name}`} />
        </PersonTrigger>
      )}
    </figure>
  );
}

function Camera({ who, own, name }: { who: string; own: boolean; name: string }) {
  const { t } = useLingui();
  const { call } = useClient();
  const video = useRef<HTMLVideoElement>(null);
  useLayoutEffect(() => (video.current ? call.attachVideo(who, "camera", video.current) : undefined), [call, who]);
  return <video ref={video} className={own ? "own" : ""} muted autoPlay playsInline aria-label={own ? t`Your camera` : t`Camera of ${name}`} />;
}
