import { Trans, useLingui } from "@lingui/react/macro";
import { ArrowDown } from "lucide-react";
import { Suspense, useEffect, useEffectEvent, useMemo, useRef, useState } from "react";
import { Virtualizer } from "virtua";
import { pendingOf, shownMessages, shownSegment } from "@/client";
import { useHub } from "@/app/client";
import { Icon } from "@/ui/Icon";
import { MessageSkeleton } from "@/ui/Skeleton";
import { soon } from "@/ui/soon";
import { BeforeCommit } from "./BeforeCommit";
import { LogRow } from "./LogRow";
import { moveFocus } from "./logKeys";
import { keepPlaces, rowsOf, type Row, type Said } from "./TimelineModel";
import { useLogScroll } from "./useLogScroll";

const NoMessages = soon(() => import("./NoMessages"));

/** Rows of a room, oldest first; your own unsent messages stand last. */
function useRows(roomId: string): { rows: Row[]; said: readonly Said[] } {
  const messages = useHub((state) => shownMessages(state, roomId));
  const pending = useHub((state) => pendingOf(state, roomId));
  const segment = useHub((state) => shownSegment(state.rooms[roomId]));
  const readUpTo = useHub((state) => (state.visit?.channelId === roomId ? state.visit.dividerAfter : null));
  const me = useHub((state) => state.me?.id ?? "");
  return useMemo(() => {
    const nonces = new Map(messages.flatMap((message) => (message.nonce && message.author.id === me ? [[message.id, message.nonce] as const] : [])));
    const sent: Said[] = messages.map((message) => ({ id: message.id, authorId: message.author.id, at: Date.parse(message.timestamp), isReply: message.referenced_message !== null }));
    const own: Said[] = segment?.hasNewer ? [] : pending.map((message) => ({ id: message.nonce, authorId: me, at: message.createdAt, isReply: message.replyTo !== null }));
    const said = [...sent, ...own];
    const rows = rowsOf(said, { complete: segment !== null && !segment.hasOlder, readUpTo, me, keyOf: ({ id }) => nonces.get(id) ?? id });
    return { rows, said };
  }, [messages, pending, segment, readUpTo, me]);
}

export function Timeline({ serverId, roomId, name }: { serverId: string; roomId: string; name: string }) {
  const segment = useHub((state) => shownSegment(state.rooms[roomId]));
  const failed = useHub((state) => Boolean(state.rooms[roomId]?.error));
  const { rows, said } = useRows(roomId);
  const nothing = segment ? !said.length && !segment.hasOlder : failed;
  if (nothing) return <Suspense fallback={<div className="log-wrap" />}><NoMessages serverId={serverId} roomId={roomId} name={name} arrived={segment !== null} /></Suspense>;
  if (!segment) return <Loading />;
  return <Log serverId={serverId} roomId={roomId} name={name} rows={rows} said={said} hasOlder={segment.hasOlder} hasNewer={segment.hasNewer} />;
}

function Log({ serverId, roomId, name, rows: present, said, hasOlder, hasNewer }: { serverId: string; roomId: string; name: string; rows: Row[]; said: readonly Said[]; hasOlder: boolean; hasNewer: boolean }) {
  const { t } = useLingui();
  const scroller = useRef<HTMLDivElement>(null);
  const head = useHeadHeight();
  const rows = usePlaces(present);
  const { list, shift, hold, away, onScroll, onResize, toBottom } = useLogScroll(scroller, roomId, { rows, said, hasOlder, hasNewer, head });

  const onKeyDown = useEffectEvent((event: KeyboardEvent) => moveFocus(event, rows, (index) => list.current?.scrollToIndex(index, { align: "nearest" })));
  useEffect(() => {
    const log = scroller.current;
    const listen = (event: KeyboardEvent) => onKeyDown(event);
    log?.addEventListener("keydown", listen);
    return () => log?.removeEventListener("keydown", listen);
  }, []);

  return (
    <div className="log-wrap">
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls must be reachable by keyboard */}
      <div className="log" ref={scroller} role="log" aria-live="off" aria-label={t`Messages in ${name}`} tabIndex={0} data-region data-region-focus>
        <div className="log-space" />
        <div className="log-head">{hasOlder ? <MessageSkeleton rows={3} /> : <p><Trans>This is the start of {name}.</Trans></p>}</div>
        <BeforeCommit when={shift} run={hold} />
        <Virtualizer ref={list} scrollRef={scroller} shift={shift} startMargin={head} data={rows} onScroll={onScroll} onResize={onResize} bufferSize={400}>
          {(row) => <LogRow key={row.key} row={row} serverId={serverId} roomId={roomId} />}
        </Virtualizer>
      </div>
      {away !== null && (
        <button type="button" className="jump" onClick={toBottom}>
          <Icon of={ArrowDown} />
          {away > 0 ? <Trans>{away} new</Trans> : <Trans>To the newest</Trans>}
        </button>
      )}
    </div>
  );
}

/** These rows, with an empty one wherever one was that is not there any more. */
function usePlaces(present: Row[]): Row[] {
  const [shown, show] = useState({ present, rows: present });
  if (shown.present === present) return shown.rows;
  const rows = keepPlaces(shown.rows, present);
  show({ present, rows });
  return rows;
}

/** Pixels of what stands above the oldest message: 14 rem (`.log-head`), the same whether more is to come or not. */
function useHeadHeight(): number {
  return useState(() => 14 * parseFloat(getComputedStyle(document.documentElement).fontSize))[0];
}

function Loading() {
  return (
    <div className="log-wrap" aria-busy="true">
      <p className="vh" role="status"><Trans>Loading messages</Trans></p>
      <div className="sk-log"><MessageSkeleton /></div>
    </div>
  );
}
