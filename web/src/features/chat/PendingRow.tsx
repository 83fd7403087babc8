import { Trans, useLingui } from "@lingui/react/macro";
import { CircleAlert, Clock } from "lucide-react";
import { memo, useEffect, useState } from "react";
import { hueOf, nameOf, pendingOf, type PendingMessage } from "@/client";
import { useActions, useHub } from "@/app/client";
import { copyText } from "@/app/clipboard";
import { Avatar } from "@/ui/Avatar";
import { Icon } from "@/ui/Icon";
import { MessageBody } from "./MessageBody";
import { clockTime } from "./times";

const SLOW = 2000;

/** A message of yours on its way, waiting, or refused. */
export const PendingRow = memo(function PendingRow({ serverId, roomId, nonce, rowKey, first }: { serverId: string; roomId: string; nonce: string; rowKey: string; first: boolean }) {
  const { t } = useLingui();
  const pending = useHub((state) => pendingOf(state, roomId).find((message) => message.nonce === nonce));
  const me = useHub((state) => state.me);
  const name = useHub((state) => nameOf(state, state.me?.id ?? "", serverId)) ?? me?.display_name ?? "";
  const hue = useHub((state) => hueOf(state, state.me?.id ?? "", serverId));
  if (!pending || !me) return null;
  const failed = pending.phase === "failed";
  return (
    <>
      {first && <div className="msg-gap" />}
      <article className={`msg ${first ? "first" : ""} ${failed ? "failed" : "pending"}`} aria-label={t`${name}, ${failed ? t`not sent` : t`on its way`}`} tabIndex={-1} data-row={rowKey}>
        <div className="msg-in">
          {first ? <Avatar id={me.id} name={name} picture={me.avatar} size="lg" /> : <span />}
          <div className="msg-b">
            {first && (
              <h3>
                <span className={`name ${hue ? `hue-${hue}` : ""}`}>{name}</span>
                <time dateTime={new Date(pending.createdAt).toISOString()}>{clockTime(pending.createdAt)}</time>
              </h3>
            )}
            <MessageBody serverId={serverId} content={pending.content} edited={null} />
            {failed ? <Failed roomId={roomId} pending={pending} /> : <Waiting pending={pending} />}
          </div>
        </div>
      </article>
    </>
  );
});

/** Quiet for two seconds; then a clock and why. */
function Waiting({ pending }: { pending: PendingMessage }) {
  const [slow, setSlow] = useState(() => Date.now() - pending.createdAt > SLOW);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), Math.max(0, pending.createdAt + SLOW - Date.now()));
    return () => clearTimeout(timer);
  }, [pending.createdAt]);
  if (!slow) return null;
  return (
    <p className="pend">
      <Icon of={Clock} />
      {pending.phase === "queued" ? <Trans>Waiting to send</Trans> : <Trans>Sending</Trans>}
    </p>
  );
}

function Failed({ roomId, pending }: { roomId: string; pending: PendingMessage }) {
  const { retry, discard } = useActions();
  const reason = pending.problem?.detail ?? "";
  return (
    <p className="fail" role="alert">
      <Icon of={CircleAlert} />
      <span><Trans>Not sent: {reason}</Trans></span>
      <button type="button" className="linkish" onClick={() => retry(roomId, pending.nonce)}><Trans>Try again</Trans></button>
      <button type="button" className="linkish" onClick={() => void copyText(pending.content)}><Trans>Copy text</Trans></button>
      <button type="button" className="linkish" onClick={() => discard(roomId, pending.nonce)}><Trans>Remove</Trans></button>
    </p>
  );
}
