import { plural } from "@lingui/core/macro";
import { useLingui } from "@lingui/react/macro";
import { Plus, Unplug } from "lucide-react";
import { lazy, Suspense } from "react";
import { Link, useRoute } from "wouter";
import { useStore } from "zustand";
import { serverMentions, serverUnread, serverVoices } from "@/client";
import { InstanceScope, useEvery, useHref, useHub, useInstance } from "@/app/client";
import { openOverlay } from "@/app/overlay";
import { paths } from "@/app/paths";
import { useLinkLost } from "@/app/link";
import { updateReady } from "@/app/updateReady";
import { Gable } from "@/ui/Gable";
import { Icon } from "@/ui/Icon";
import { ArchFace } from "@/ui/ServerArch";
import { Tooltip } from "@/ui/Tooltip";
import { roving } from "@/ui/roving";
import { lastRoomOf } from "./lastRoom";

const InstanceDoor = lazy(() => import("./InstanceDoor"));
const UpdateOffer = lazy(() => import("./UpdateOffer"));

/** One arch per server of every instance, lit when people are talking there. */
export function Rail({ current }: { current: string | null }) {
  const { t } = useLingui();
  const { origin: here } = useInstance();
  const origins = useEvery((state) => state.origin);
  const update = useStore(updateReady);
  const [atHome] = useRoute(paths.home);
  const [listing] = useRoute(paths.mentions);
  return (
    <nav className="rail" aria-label={t`Servers`} data-region ref={roving}>
      <Tooltip label={t`Home`}>
        <Link className="srv home" href={`~${paths.home}`} aria-label={t`Home: lights on, and all your servers`} aria-current={atHome || listing ? "page" : undefined} data-roving="" tabIndex={current ? -1 : 0}>
          <span className="frame"><Gable /></span>
        </Link>
      </Tooltip>
      <hr />
      <ul>
        {origins.map((origin) => (
          <InstanceScope key={origin} origin={origin}>
            <Arches current={origin === here ? current : null} named={origins.length > 1} />
          </InstanceScope>
        ))}
      </ul>
      <Tooltip label={t`Add a server`}>
        <button type="button" className="srv add" aria-label={t`Add a server: make one, or open an invite link`} onClick={() => openOverlay("add-server")} data-roving="" tabIndex={-1}>
          <span className="frame"><Icon of={Plus} /></span>
        </button>
      </Tooltip>
      <Suspense>{update && <UpdateOffer />}</Suspense>
    </nav>
  );
}

/** The servers of one instance; its door where you are logged out. `named`: there are other instances, so each says its host. */
function Arches({ current, named }: { current: string | null; named: boolean }) {
  const order = useHub((state) => state.serverOrder);
  const out = useHub((state) => state.account.phase === "signed-out");
  if (out) return <li><Suspense><InstanceDoor /></Suspense></li>;
  return order.map((id) => (
    <li key={id}>
      <Arch id={id} current={id === current} named={named} />
    </li>
  ));
}

function Arch({ id, current, named }: { id: string; current: boolean; named: boolean }) {
  const { t } = useLingui();
  const { origin } = useInstance();
  const href = useHref();
  const host = useHub((state) => state.host);
  const name = useHub((state) => state.servers[id]?.name ?? "");
  const picture = useHub((state) => state.servers[id]?.icon ?? null);
  const voices = useHub((state) => serverVoices(state, id));
  const mentions = useHub((state) => serverMentions(state, id));
  const unread = useHub((state) => serverUnread(state, id));
  const away = useLinkLost();
  const words = [
    name,
    voices > 0 && plural(voices, { one: "# person talking", other: "# people talking" }),
    mentions > 0 && plural(mentions, { one: "# mention", other: "# mentions" }),
    unread && !mentions && t`unread`,
    away && t`not reachable, retrying`,
    named && host,
  ].filter(Boolean);
  const marks = [voices && "lit", unread && !current && "unread", away && "away"].filter(Boolean).join(" ");
  return (
    <Tooltip label={named ? `${name} · ${host}` : name}>
      <Link className={`srv ${marks}`} href={href(origin, lastRoomOf(id))} aria-current={current ? "page" : undefined} data-roving={name} tabIndex={current ? 0 : -1}>
        <span className="frame" aria-hidden><ArchFace id={id} name={name} picture={picture} /></span>
        <span className="vh">{words.join(", ")}</span>
        {mentions > 0 && <b className="count" aria-hidden>{mentions}</b>}
        {away && <span className="off"><Icon of={Unplug} /></span>}
      </Link>
    </Tooltip>
  );
}
