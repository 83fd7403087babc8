import { Trans } from "@lingui/react/macro";
import { hueOf, nameOf, type Reference } from "@/client";
import { useActions, useHub } from "@/app/client";
import { Avatar } from "@/ui/Avatar";

/** The message that is answered, in one line; a click goes there. */
export function ReplyQuote({ serverId, roomId, reference, reachable }: { serverId: string; roomId: string; reference: Reference; reachable: boolean }) {
  const { jumpTo } = useActions();
  const author = reference.author;
  const name = useHub((state) => (author ? nameOf(state, author.id, serverId) : null)) ?? author?.display_name ?? "";
  const hue = useHub((state) => (author ? hueOf(state, author.id, serverId) : null));
  if (reference.content === null || !author) {
    return <p className="reply-to"><Trans>A message that was deleted</Trans></p>;
  }
  return (
    <button type="button" className="reply-to" tabIndex={reachable ? 0 : -1} onClick={() => void jumpTo(roomId, reference.id).catch(() => undefined)}>
      <Avatar id={author.id} name={name} picture={author.avatar} size="xs" />
      <b className={`name ${hue ? `hue-${hue}` : ""}`}>{name}</b>
      <span className="t">{reference.content}</span>
    </button>
  );
}
