import "@/styles/home.css";
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { Inbox, Lightbulb, LogIn, Search } from "lucide-react";
import { Link } from "wouter";
import { allMentions, rosterOf, serverMentions, serverUnread } from "@/client";
import { InstanceScope, useEvery, useHref, useHub, useInstance } from "@/app/client";
import { tipOf } from "@/app/keys";
import { NARROW, useMedia } from "@/app/media";
import { openOverlay } from "@/app/overlay";
import { paths } from "@/app/paths";
import { TreePane, TreeTitle } from "@/app/TreePane";
import { TreeSplit } from "@/app/TreeSplit";
import { lastRoomOf } from "@/features/servers/lastRoom";
import { CallPanel } from "@/features/voice/CallPanel";
import { Icon } from "@/ui/Icon";
import { IconButton } from "@/ui/IconButton";
import { ServerArch } from "@/ui/ServerArch";
import { roving } from "@/ui/roving";
import { AwayLines, useLit } from "./Lights";

/** Home's column: what calls, and all servers by name and host; on a phone also where there is light. */
export default function HomeTree({ alone }: { alone: boolean }) {
  const { t } = useLingui();
  const narrow = useMedia(NARROW);
  const origins = useEvery((state) => state.origin);
  const mentions = useEvery(allMentions).reduce((sum, count) => sum + count, 0);
  return (
    <TreePane label={t`Home`} alone={alone}>
      <TreeTitle alone={alone}>
        <span className="tree-head">
          <span><strong><Trans>Home</Trans></strong><small><Trans>All your servers</Trans></small></span>
          {narrow && <IconButton icon={Search} label={t`Go to anything`} keys={tipOf("goTo")} onClick={() => openOverlay("switcher")} />}
        </span>
      </TreeTitle>
      <nav className="tree-body" aria-label={t`Home`} data-region ref={roving}>
        <ul className="tree-list">
          <li>
            <Link className={`row ${mentions ? "unread" : ""}`} href={narrow ? `~${paths.mentions}` : `~${paths.home}`} aria-current={narrow ? undefined : "page"} data-roving={t`Mentions`} tabIndex={0}>
              <Icon of={Inbox} />
              <span className="t"><Trans>Mentions</Trans></span>
              {mentions > 0 && <b className="count">{mentions}</b>}
            </Link>
          </li>
        </ul>
        {narrow && <Lit />}
        <h2 className="sec home-sec"><Trans>Your servers</Trans></h2>
        <ul className="tree-list">
          {origins.map((origin) => (
            <InstanceScope key={origin} origin={origin}>
              <Servers />
            </InstanceScope>
          ))}
        </ul>
        {narrow && <AwayLines />}
      </nav>
      <CallPanel />
      <TreeSplit />
    </TreePane>
  );
}

function Lit() {
  const lit = useLit();
  if (!lit.length) return null;
  return (
    <>
      <h2 className="sec home-sec"><Trans>Lights on</Trans></h2>
      <ul className="tree-list">
        {lit.map(([origin, id]) => (
          <InstanceScope key={`${origin} ${id}`} origin={origin}>
            <LitRow roomId={id} />
          </InstanceScope>
        ))}
      </ul>
    </>
  );
}

function LitRow({ roomId }: { roomId: string }) {
  const { origin } = useInstance();
  const href = useHref();
  const room = useHub((state) => state.channels[roomId]);
  const people = useHub((state) => rosterOf(state, roomId).length);
  if (!room) return null;
  return (
    <li className="lit-room">
      <Link className="row" href={href(origin, paths.room(room.server_id, roomId))} data-roving={room.name} tabIndex={-1}>
        <Lightbulb className="i" strokeWidth={1.9} aria-hidden />
        <span className="t">{room.name}</span>
        <span className="n">{people}<span className="vh"> <Plural value={people} one="person" other="people" /></span></span>
      </Link>
    </li>
  );
}

function Servers() {
  const order = useHub((state) => state.serverOrder);
  const out = useHub((state) => state.account.phase === "signed-out");
  return out ? <Door /> : order.map((id) => <ServerRow key={id} serverId={id} />);
}

function Door() {
  const { t } = useLingui();
  const { origin } = useInstance();
  const href = useHref();
  const host = useHub((state) => state.host);
  return (
    <li>
      <Link className="row server-row" href={href(origin, paths.login)} data-roving={host} tabIndex={-1}>
        <Icon of={LogIn} />
        <span className="t">{t`Log in at ${host}`}</span>
      </Link>
    </li>
  );
}

function ServerRow({ serverId }: { serverId: string }) {
  const { origin } = useInstance();
  const href = useHref();
  const server = useHub((state) => state.servers[serverId]);
  const host = useHub((state) => state.host);
  const unread = useHub((state) => serverUnread(state, serverId));
  const mentions = useHub((state) => serverMentions(state, serverId));
  if (!server) return null;
  return (
    <li>
      <Link className={`row server-row ${unread ? "unread" : ""}`} href={href(origin, lastRoomOf(serverId))} data-roving={server.name} tabIndex={-1}>
        <ServerArch id={server.id} name={server.name} picture={server.icon} />
        <span className="t">{server.name} <small>{host}</small></span>
        {mentions > 0 && <b className="count">{mentions}</b>}
      </Link>
    </li>
  );
}
