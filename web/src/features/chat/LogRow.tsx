import { Trans, useLingui } from "@lingui/react/macro";
import { MessageSkeleton } from "@/ui/Skeleton";
import { Message } from "./Message";
import { PendingRow } from "./PendingRow";
import { clockTime, dayName } from "./times";
import type { LogRowData } from "./useLogScroll";

export function LogRow({ row, serverId, roomId, name }: { row: LogRowData; serverId: string; roomId: string; name: string }) {
  switch (row.kind) {
    case "older":
      return <MessageSkeleton rows={3} />;
    case "start":
      return (
        <div className="log-start">
          <p><Trans>This is the start of {name}.</Trans></p>
        </div>
      );
    case "day":
      return <h2 className="day"><span>{dayName(row.at)}</span></h2>;
    case "unread":
      return <Divider at={row.at} />;
    case "message":
      return /^\d+$/.test(row.id) ? <Message serverId={serverId} roomId={roomId} id={row.id} rowKey={row.key} first={row.first} /> : <PendingRow serverId={serverId} roomId={roomId} nonce={row.id} rowKey={row.key} first={row.first} />;
  }
}

function Divider({ at }: { at: number }) {
  const { t } = useLingui();
  return (
    <div className="newline" role="separator" aria-label={t`New messages`}>
      <span><Trans>New since {clockTime(at)}</Trans></span>
    </div>
  );
}
