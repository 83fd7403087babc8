import { Trans, useLingui } from "@lingui/react/macro";
import { CheckCheck, Inbox } from "lucide-react";
import { useEffect, useMemo, useState } from "react";
import { Link } from "wouter";
import { allMentions, compareIds, type InstanceState, type Message, type Undo } from "@/client";
import { InstanceScope, useClient, useEvery, useHref, useHub, useInstance } from "@/app/client";
import { paths } from "@/app/paths";
import { MessageBody } from "@/features/chat/MessageBody";
import { clockTime, dayName, fullTime } from "@/features/chat/times";
import { Avatar } from "@/ui/Avatar";
import { Blank } from "@/ui/Blank";
import { Button } from "@/ui/Button";
import { IconButton } from "@/ui/IconButton";
import { toast } from "@/ui/toasts";
import { merged } from "./MentionsModel";

/** What called you on all servers of all instances, newest first. What this device holds shows at once. */
export function Mentions() {
  const { t } = useLingui();
  const lists = useEvery((state) => state.mentions);
  const origins = useEvery((state) => state.origin);
  const channels = useEvery((state) => state.channels);
  const older = useEvery((state) => state.mentions?.hasOlder ?? false).includes(true);
  const shown = useMemo(() => merged(origins.map((origin, at) => ({ origin, messages: lists[at]?.messages ?? [], channels: channels[at] ?? {} }))), [origins, lists, channels]);
  useLoading();
  if (!shown.length) return <Blank icon={Inbox} title={t`Nobody is calling you`}><Trans>When somebody writes your name, or calls everyone, on any of your servers, it stands here.</Trans></Blank>;
  return (
    <div className="calls">
      {shown.map(({ origin, message }, index) => {
        const day = dayName(Date.parse(message.timestamp));
        const before = shown[index - 1]?.message.timestamp;
        return (
          <InstanceScope key={`${origin} ${message.id}`} origin={origin}>
            {(!before || dayName(Date.parse(before)) !== day) && <h2 className="day">{day}</h2>}
            <Item message={message} />
          </InstanceScope>
        );
      })}
      {older && <Older />}
    </div>
  );
}

/** Asks each instance anew whenever its line is there. */
function useLoading(): void {
  const client = useClient();
  const live = useEvery(liveOrigin);
  useEffect(() => {
    for (const origin of live) if (origin) void client.instance(origin)?.actions.loadMentions(false).catch(() => undefined); // what is held stays
  }, [client, live]);
}

function liveOrigin(state: InstanceState): string | null {
  return state.live && state.link.phase === "open" ? state.origin : null;
}

function Older() {
  const { t } = useLingui();
  const client = useClient();
  const [busy, setBusy] = useState(false);
  const load = () => {
    setBusy(true);
    const wanting = client.states.getState().filter(({ mentions }) => mentions?.hasOlder);
    void Promise.allSettled(wanting.map(({ origin }) => client.instance(origin)?.actions.loadMentions(true))).then(() => setBusy(false));
  };
  return <span className="calls-more"><Button size="small" kind="ghost" busy={busy} onClick={load}>{t`Show older ones`}</Button></span>;
}

function Item({ message }: { message: Message }) {
  const { origin } = useInstance();
  const href = useHref();
  const room = useHub((state) => state.channels[message.channel_id]?.name ?? "");
  const server = useHub((state) => state.servers[message.server_id]?.name ?? "");
  const fresh = useHub((state) => isNew(state, message));
  const at = Date.parse(message.timestamp);
  return (
    <article className={`call-item ${fresh ? "new" : ""}`}>
      <Avatar id={message.author.id} name={message.author.display_name} picture={message.author.avatar} bot={message.author.kind === "bot"} />
      <div className="call-where">
        <h3>
          <Link href={href(origin, `${paths.room(message.server_id, message.channel_id)}?message=${message.id}`)}>
            {message.author.display_name}
            {fresh && <span className="vh">, <Trans>new</Trans></span>}
          </Link>
        </h3>
        <span><Trans>{room} in {server}</Trans></span>
        <time dateTime={message.timestamp} title={fullTime(at)}>{clockTime(at)}</time>
      </div>
      <MessageBody serverId={message.server_id} content={message.content} edited={message.edited_timestamp} />
    </article>
  );
}

function isNew(state: InstanceState, { channel_id, id }: Message): boolean {
  const read = state.readStates[channel_id];
  return (read?.mention_count ?? 0) > 0 && (!read?.last_message_id || compareIds(id, read.last_message_id) > 0);
}

/** Everything that calls counts as read; the toast takes it back. */
export function MarkAllRead() {
  const { t } = useLingui();
  const client = useClient();
  const count = useEvery(allMentions).reduce((sum, each) => sum + each, 0);
  if (!count) return null;
  const mark = () => {
    const undos = client.states.getState().flatMap((state): Undo[] => {
      const calling = Object.values(state.readStates).filter(({ mention_count, channel_id }) => mention_count > 0 && channel_id in state.channels);
      return calling.flatMap(({ channel_id }) => client.instance(state.origin)?.actions.markRead(channel_id) ?? []);
    });
    toast(t`Marked as read`, { label: t`Undo`, run: () => undos.forEach((undo) => void undo().catch(() => undefined)) });
  };
  return <IconButton icon={CheckCheck} label={t`Mark these rooms as read`} onClick={mark} />;
}
