import { Trans } from "@lingui/react/macro";
import { useMemo, type MouseEvent } from "react";
import { useStore } from "zustand";
import { nameOf, type InstanceState } from "@/client";
import type { MentionNames } from "@/client/markdown";
import { useHub, useInstance } from "@/app/client";
import { useNavigate } from "@/app/navigate";
import { paths } from "@/app/paths";
import { isPlain, renderer } from "./markdown";
import { fullTime } from "./times";

const MENTIONS = /<(@&?|#)(\d+)>/g;

/** A message's source as safe HTML. Rendered again only when the text or a mentioned name changes. */
export function MessageBody({ serverId, content, edited }: { serverId: string; content: string; edited: string | null }) {
  const { store } = useInstance();
  const go = useNavigate();
  const named = useHub((state) => namesKey(state, serverId, content));
  const render = useStore(renderer, (state) => (isPlain(content) ? null : state.render));
  const html = useMemo(() => render?.(content, namesIn(store.getState(), serverId)) ?? null, [render, content, named, serverId, store]);

  function onClick(event: MouseEvent) {
    const target = event.target as HTMLElement;
    const channel = target.closest<HTMLElement>("[data-channel]")?.dataset["channel"];
    if (channel) {
      event.preventDefault();
      go(paths.room(store.getState().channels[channel]?.server_id ?? serverId, channel));
    }
    target.closest(".spoiler")?.classList.toggle("open");
  }

  return (
    <div className={edited ? "is-edited" : ""}>
      {html === null ? <div className="md"><p>{content}</p></div> : <div className="md" onClick={onClick} dangerouslySetInnerHTML={{ __html: html }} />}
      {edited && <span className="edited" title={fullTime(Date.parse(edited))}><Trans>edited</Trans></span>}
    </div>
  );
}

/** What the names in this text are right now, as one comparable word; empty for text without mentions. */
function namesKey(state: InstanceState, serverId: string, content: string): string {
  if (!content.includes("<")) return "";
  const names = namesIn(state, serverId);
  return Array.from(content.matchAll(MENTIONS), ([, kind, id]) => (kind === "#" ? names.channel(id!) : kind === "@" ? names.user(id!) : names.role(id!)?.name) ?? "").join("|");
}

function namesIn(state: InstanceState, serverId: string): MentionNames {
  return {
    user: (id) => nameOf(state, id, serverId),
    role: (id) => state.servers[serverId]?.roles[id] ?? null,
    channel: (id) => state.channels[id]?.name ?? null,
    isMe: (kind, id) => kind === "everyone" || (kind === "user" ? id === state.me?.id : (state.servers[serverId]?.me.roles.includes(id) ?? false)),
  };
}
