import "@/styles/home.css";
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { House, Lightbulb } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Link } from "wouter";
import { nameOf, rosterOf } from "@/client";
import { useHub, useHubShallow } from "@/app/client";
import { OfflineBanner } from "@/app/OfflineBanner";
import { paths } from "@/app/paths";
import { TreePane, TreeTitle } from "@/app/TreePane";
import { TreeSplit } from "@/app/TreeSplit";
import { usePageTitle } from "@/app/title";
import { RoomHead } from "@/features/rooms/RoomHead";
import { CallPanel } from "@/features/voice/CallPanel";
import { lastRoomOf } from "@/features/servers/lastRoom";
import { Avatar } from "@/ui/Avatar";
import { Blank } from "@/ui/Blank";
import { Button } from "@/ui/Button";
import { ServerArch } from "@/ui/ServerArch";
import { roving } from "@/ui/roving";
import { litRooms } from "./LightsModel";

const AddServer = lazy(() => import("@/features/servers/AddServer"));

/** Rooms with people in them on every server, and the servers themselves. */
export function Home() {
  const { t } = useLingui();
  usePageTitle(t`Home`);
  const servers = useHub((state) => state.serverOrder);
  const lit = useHubShallow(litRooms);
  return (
    <div className="sheet">
      <main className="main" id="main" tabIndex={-1}>
        <RoomHead icon={House} title={t`Home`} />
        <OfflineBanner serverId={null} />
        {servers.length === 0 ? (
          <NoServers />
        ) : (
          <div className="home-page">
            <h2><Trans>Lights on</Trans></h2>
            {lit.length ? (
              <>
                <p className="hint"><Trans>Rooms with people in them, on all your servers.</Trans></p>
                <div className="cards">{lit.map((id) => <LitCard key={id} roomId={id} />)}</div>
              </>
            ) : (
              <p className="hint quiet"><Trans>All rooms are dark. Go into one, others will see the light.</Trans></p>
            )}
            <h2><Trans>Your servers</Trans></h2>
            <p className="hint" />
            <div className="cards">{servers.map((id) => <ServerCard key={id} serverId={id} />)}</div>
          </div>
        )}
      </main>
    </div>
  );
}

function NoServers() {
  const { t } = useLingui();
  const [adding, add] = useState(false);
  return (
    <>
      <Blank icon={House} title={t`No servers yet`} actions={<Button kind="primary" onClick={() => add(true)}>{t`Add a server`}</Button>}>
        <Trans>Make one of your own, or open an invite link that somebody gave you.</Trans>
      </Blank>
      <Suspense>{adding && <AddServer onClose={() => add(false)} />}</Suspense>
    </>
  );
}

function LitCard({ roomId }: { roomId: string }) {
  const room = useHub((state) => state.channels[roomId]);
  const server = useHub((state) => state.servers[room?.server_id ?? ""]);
  const people = useHubShallow((state) => rosterOf(state, roomId).map((voice) => voice.user_id));
  const users = useHub((state) => state.users);
  const first = useHub((state) => nameOf(state, people[0] ?? "", room?.server_id));
  if (!room || !server) return null;
  return (
    <Link className="card lit" href={paths.room(server.id, roomId)}>
      <span className="card-h">
        <ServerArch id={server.id} name={server.name} picture={server.icon} />
        <strong>{room.name}</strong>
        <small>{server.name}</small>
      </span>
      <span className="stack">
        {people.slice(0, 6).map((id) => (
          <Avatar key={id} id={id} name={users[id]?.display_name ?? "?"} picture={users[id]?.avatar} size="sm" />
        ))}
        <b>{people.length === 1 ? first : <Plural value={people.length} one="# person" other="# people" />}</b>
      </span>
    </Link>
  );
}

function ServerCard({ serverId }: { serverId: string }) {
  const server = useHub((state) => state.servers[serverId]);
  if (!server) return null;
  return (
    <Link className="card" href={lastRoomOf(serverId)}>
      <span className="card-h">
        <ServerArch id={server.id} name={server.name} picture={server.icon} />
        <strong>{server.name}</strong>
        <small><Plural value={server.member_count} one="# member" other="# members" /></small>
      </span>
    </Link>
  );
}

/** Home's column: the lit rooms and servers by name, which is all of home where one pane fits. */
export function HomeTree() {
  const { t } = useLingui();
  const host = useHub((state) => state.host);
  const servers = useHub((state) => state.serverOrder);
  const lit = useHubShallow(litRooms);
  return (
    <TreePane label={t`Home`} alone>
      <TreeTitle alone><span className="tree-head"><span><strong><Trans>Home</Trans></strong><small>{host}</small></span></span></TreeTitle>
      <nav className="tree-body" aria-label={t`Home`} data-region ref={roving}>
        {lit.length > 0 && (
          <>
            <h2 className="sec home-sec"><Trans>Lights on</Trans></h2>
            <ul className="tree-list">{lit.map((id, index) => <LitRow key={id} roomId={id} stop={index === 0} />)}</ul>
          </>
        )}
        {servers.length > 0 && (
          <>
            <h2 className="sec home-sec"><Trans>Your servers</Trans></h2>
            <ul className="tree-list">{servers.map((id, index) => <ServerRow key={id} serverId={id} stop={lit.length === 0 && index === 0} />)}</ul>
          </>
        )}
      </nav>
      <CallPanel />
      <TreeSplit />
    </TreePane>
  );
}

function LitRow({ roomId, stop }: { roomId: string; stop: boolean }) {
  const room = useHub((state) => state.channels[roomId]);
  const people = useHub((state) => rosterOf(state, roomId).length);
  if (!room) return null;
  return (
    <li className="lit-room">
      <Link className="row" href={paths.room(room.server_id, roomId)} data-roving={room.name} tabIndex={stop ? 0 : -1}>
        <Lightbulb className="i" strokeWidth={1.9} aria-hidden />
        <span className="t">{room.name}</span>
        <span className="n">{people}<span className="vh"> <Plural value={people} one="person" other="people" /></span></span>
      </Link>
    </li>
  );
}

function ServerRow({ serverId, stop }: { serverId: string; stop: boolean }) {
  const server = useHub((state) => state.servers[serverId]);
  if (!server) return null;
  return (
    <li>
      <Link className="row server-row" href={lastRoomOf(serverId)} data-roving={server.name} tabIndex={stop ? 0 : -1}>
        <ServerArch id={server.id} name={server.name} picture={server.icon} />
        <span className="t">{server.name}</span>
      </Link>
    </li>
  );
}
