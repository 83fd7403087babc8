import { plural } from "@lingui/core/macro";
import { useLingui } from "@lingui/react/macro";
import { Plus, Unplug } from "lucide-react";
import { lazy, Suspense, useState } from "react";
import { Link, useRoute } from "wouter";
import { serverMentions, serverUnread, serverVoices } from "@/client";
import { useHub } from "@/app/client";
import { paths } from "@/app/paths";
import { useLinkLost } from "@/app/link";
import { Gable } from "@/ui/Gable";
import { Icon } from "@/ui/Icon";
import { ArchFace } from "@/ui/ServerArch";
import { Tooltip } from "@/ui/Tooltip";
import { roving } from "@/ui/roving";
import { lastRoomOf } from "./lastRoom";

const AddServer = lazy(() => import("./AddServer"));

/** One arch per server, lit when people are talking there. */
export function Rail({ current }: { current: string | null }) {
  const { t } = useLingui();
  const order = useHub((state) => state.serverOrder);
  const [atHome] = useRoute(paths.home);
  const [adding, add] = useState(false);
  return (
    <nav className="rail" aria-label={t`Servers`} data-region ref={roving}>
      <Tooltip label={t`Home`}>
        <Link className="srv home" href={paths.home} aria-label={t`Home: lights on, and all your servers`} aria-current={atHome ? "page" : undefined} data-roving="" tabIndex={current ? -1 : 0}>
          <span className="frame"><Gable /></span>
        </Link>
      </Tooltip>
      <hr />
      <ul>
        {order.map((id) => (
          <li key={id}>
            <Arch id={id} current={id === current} />
          </li>
        ))}
      </ul>
      <Tooltip label={t`Add a server`}>
        <button type="button" className="srv add" aria-label={t`Add a server: make one, or open an invite link`} onClick={() => add(true)} data-roving="" tabIndex={-1}>
          <span className="frame"><Icon of={Plus} /></span>
        </button>
      </Tooltip>
      <Suspense>{adding && <AddServer onClose={() => add(false)} />}</Suspense>
    </nav>
  );
}

function Arch({ id, current }: { id: string; current: boolean }) {
  const { t } = useLingui();
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
  ].filter(Boolean);
  const marks = [voices && "lit", unread && !current && "unread", away && "away"].filter(Boolean).join(" ");
  return (
    <Tooltip label={name}>
      <Link className={`srv ${marks}`} href={lastRoomOf(id)} aria-current={current ? "page" : undefined} data-roving={name} tabIndex={current ? 0 : -1}>
        <span className="frame" aria-hidden><ArchFace id={id} name={name} picture={picture} /></span>
        <span className="vh">{words.join(", ")}</span>
        {mentions > 0 && <b className="count" aria-hidden>{mentions}</b>}
        {away && <span className="off"><Icon of={Unplug} /></span>}
      </Link>
    </Tooltip>
  );
}
