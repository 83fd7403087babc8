import { Trans } from "@lingui/react/macro";
import { useCallback, useEffect } from "react";
import { useStore } from "zustand";
import { nameOf, type InstanceState } from "@/client";
import type { MentionNames } from "@/client/markdown";
import { useHub, useInstance } from "@/app/client";
import { useNavigate } from "@/app/navigate";
import { paths } from "@/app/paths";
import { htmlOf, isPlain, renderer, wantRenderer } from "./markdown";
import { fullTime } from "./times";

const MENTIONS = /<(@&?|#)(\d+)>/g;

/** A message's source as safe HTML. Rendered again only when the text or a mentioned name changes. */
export function MessageBody({ serverId, content, edited }: { serverId: string; content: string; edited: string | null }) {
  const { store } = useInstance();
  const named = useHub((state) => namesKey(state, serverId, content));
  const plain = isPlain(content);
  const render = useStore(renderer, (state) => (plain ? null : state.render));
  useEffect(() => {
    if (!plain) wantRenderer();
  }, [plain]);
  const links = useLinks(serverId);
  const names = namesIn(store.getState(), serverId);
  const html = render ? htmlOf(render, content, named, names) : null;
  return (
    <div className={edited ? "is-edited" : ""}>
      {html === null ? <div className="md"><p>{inWords(content, names)}</p></div> : <div className="md" ref={links} dangerouslySetInnerHTML={{ __html: html }} />}
      {edited && <span className="edited" title={fullTime(Date.parse(edited))}><Trans>edited</Trans></span>}
    </div>
  );
}

/** Room mentions lead there, spoilers open, both by pointer and by Enter. */
function useLinks(serverId: string) {
  const { store } = useInstance();
  const go = useNavigate();
  return useCallback(
    (body: HTMLElement | null) => {
      const act = (event: Event) => {
        if (event instanceof KeyboardEvent && event.key !== "Enter") return;
        const target = event.target as HTMLElement;
        target.closest("[data-spoiler]")?.classList.toggle("open");
        const channel = target.closest<HTMLElement>("[data-channel]")?.dataset["channel"];
        if (!channel) return;
        event.preventDefault();
        go(paths.room(store.getState().channels[channel]?.server_id ?? serverId, channel));
      };
      body?.addEventListener("click", act);
      body?.addEventListener("keydown", act);
      return () => {
        body?.removeEventListener("click", act);
        body?.removeEventListener("keydown", act);
      };
    },
    [go, serverId, store],
  );
}

/** What the names in this text are right now, as one comparable word; empty for text without mentions. */
function namesKey(state: InstanceState, serverId: string, content: string): string {
  if (!content.includes("<")) return "";
  const names = namesIn(state, serverId);
  return Array.from(content.matchAll(MENTIONS), ([, kind, id]) => nameFor(names, kind, id) ?? "").join("|");
}

function nameFor(names: MentionNames, kind: string | undefined, id = ""): string | null | undefined {
  return kind === "#" ? names.channel(id) : kind === "@" ? names.user(id) : names.role(id)?.name;
}

/** The source as it can be read before it can be rendered: names, no ids. */
function inWords(content: string, names: MentionNames): string {
  return content.replace(MENTIONS, (whole, kind: string, id: string) => {
    const name = nameFor(names, kind, id);
    return name ? `${kind[0]}${name}` : whole;
  });
}

function namesIn(state: InstanceState, serverId: string): MentionNames {
  return {
    user: (id) => nameOf(state, id, serverId),
    role: (id) => state.servers[serverId]?.roles[id] ?? null,
    channel: (id) => state.channels[id]?.name ?? null,
    isMe: (kind, id) => kind === "everyone" || (kind === "user" ? id === state.me?.id : (state.servers[serverId]?.me.roles.includes(id) ?? false)),
  };
}
