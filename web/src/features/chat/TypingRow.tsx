import { Trans } from "@lingui/react/macro";
import { nameOf, typingIn } from "@/client";
import { useHub, useHubShallow } from "@/app/client";

/** A row of fixed height: who is writing, and how much room is left. Nothing moves when it fills. */
export function TypingRow({ serverId, roomId, left }: { serverId: string; roomId: string; left: number | null }) {
  const names = useHubShallow((state) => typingIn(state, roomId).map((id) => nameOf(state, id, serverId) ?? ""));
  const count = useHub((state) => typingIn(state, roomId).length);
  return (
    <p className="typing">
      {count > 0 && (
        <>
          <span className="dots" aria-hidden><i /><i /><i /></span>
          <span className="t"><Names names={names.filter(Boolean)} /></span>
        </>
      )}
      {left !== null && <span className={`over ${left < 0 ? "too" : ""}`} role="status">{left < 0 ? <Trans>{-left} too many</Trans> : <Trans>{left} left</Trans>}</span>}
    </p>
  );
}

function Names({ names: [first, second, ...more] }: { names: string[] }) {
  if (!first) return <Trans>Somebody is typing</Trans>;
  if (!second) return <Trans>{first} is typing</Trans>;
  if (!more.length) return <Trans>{first} and {second} are typing</Trans>;
  return <Trans>{first}, {second} and others are typing</Trans>;
}
