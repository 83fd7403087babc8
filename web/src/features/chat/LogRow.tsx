import { Trans, useLingui } from "@lingui/react/macro";
import { Message } from "./Message";
import { PendingRow } from "./PendingRow";
import { clockTime, dayName } from "./times";
import type { Row } from "./TimelineModel";

export function LogRow({ row, serverId, roomId }: { row: Row; serverId: string; roomId: string }) {
  switch (row.kind) {
    case "gone":
      return null;
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
