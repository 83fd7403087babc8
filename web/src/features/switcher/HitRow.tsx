import { Plural, Trans } from "@lingui/react/macro";
import { Hash, Settings, Volume2 } from "lucide-react";
import { InstanceScope, useHub } from "@/app/client";
import { useLinkLost } from "@/app/link";
import { Avatar } from "@/ui/Avatar";
import { Icon } from "@/ui/Icon";
import { ServerArch } from "@/ui/ServerArch";
import type { Entry, Hit, RoomEntry } from "./SwitcherModel";

/** One line of the switcher: what it is, its name, where it is, and who or what calls there. */
export function HitRow({ hit: { entry, marked } }: { hit: Hit }) {
  const name = <Name text={entry.name} marked={marked} />;
  if (entry.kind === "action") return <><Icon of={Settings} />{name}<small>{entry.where}</small></>;
  return (
    <InstanceScope origin={entry.origin}>
      <Face entry={entry} />
      {name}
      <Where entry={entry} />
      {entry.kind === "room" && <Calls room={entry} />}
    </InstanceScope>
  );
}

function Name({ text, marked }: { text: string; marked: Hit["marked"] }) {
  if (!marked) return <span className="t">{text}</span>;
  const [from, to] = marked;
  return <span className="t">{text.slice(0, from)}<b>{text.slice(from, to)}</b>{text.slice(to)}</span>;
}

function Face({ entry }: { entry: Exclude<Entry, { kind: "action" }> }) {
  const user = useHub((state) => (entry.kind === "person" ? state.users[entry.userId] : undefined));
  const picture = useHub((state) => state.servers[entry.serverId]?.icon ?? null);
  if (entry.kind === "person") return <Avatar id={entry.userId} name={entry.name} picture={user?.avatar} bot={user?.kind === "bot"} size="sm" />;
  if (entry.kind === "server") return <ServerArch id={entry.serverId} name={entry.name} picture={picture} />;
  return <span className={entry.people.length > 0 ? "lamp-i" : "plain-i"}><Icon of={entry.voice ? Volume2 : Hash} /></span>;
}

function Where({ entry }: { entry: Entry }) {
  const away = useLinkLost();
  return <small>{entry.where}{away && <>, <Trans>not reachable</Trans></>}</small>;
}

function Calls({ room: { people, mentions, unread } }: { room: RoomEntry }) {
  const users = useHub((state) => state.users);
  return (
    <>
      {people.length > 0 && (
        <span className="stack">
          {people.slice(0, 4).map((id) => <Avatar key={id} id={id} name={users[id]?.display_name ?? "?"} picture={users[id]?.avatar} size="xs" />)}
          <span className="vh"><Plural value={people.length} one="# person" other="# people" /></span>
        </span>
      )}
      {mentions > 0 ? (
        <b className="count">{mentions}<span className="vh"> <Plural value={mentions} one="mention" other="mentions" /></span></b>
      ) : (
        unread && <span className="sw-new"><Trans>new</Trans></span>
      )}
    </>
  );
}
