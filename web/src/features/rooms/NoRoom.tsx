import { Trans, useLingui } from "@lingui/react/macro";
import { DoorClosed, MessageSquareDashed } from "lucide-react";
import { canInServer } from "@/client";
import { useHub } from "@/app/client";
import { useNavigate } from "@/app/navigate";
import { paths } from "@/app/paths";
import { Blank } from "@/ui/Blank";
import { Button } from "@/ui/Button";
import { RoomHead } from "./RoomHead";
import { openRoomDialog } from "./roomDialogs";
import { roomsInOrder } from "./TreeModel";

/** There is no room to show: it is closed to you, or the server has none yet. */
export default function NoRoom({ serverId, closed }: { serverId: string; closed: boolean }) {
  return closed ? <Closed serverId={serverId} /> : <NoRooms serverId={serverId} />;
}

function Closed({ serverId }: { serverId: string }) {
  const { t } = useLingui();
  const go = useNavigate();
  const other = useHub((state) => roomsInOrder(state.trees[serverId] ?? [], state.channels)[0] ?? null);
  const name = useHub((state) => (other ? (state.channels[other]?.name ?? "") : ""));
  return (
    <div className="sheet">
      <main className="main" id="main" tabIndex={-1}>
        <RoomHead title={t`Closed room`} />
        <Blank
          icon={DoorClosed}
          title={t`This room is closed to you now`}
          actions={
            other ? (
              <Button kind="primary" onClick={() => go(paths.room(serverId, other), { replace: true })}>{t`Go to ${name}`}</Button>
            ) : (
              <Button kind="primary" onClick={() => go(paths.home)}>{t`Go home`}</Button>
            )
          }
        >
          <Trans>It was taken away, or your roles no longer open it. Ask somebody who looks after the server if that looks wrong; nothing you wrote is lost.</Trans>
        </Blank>
      </main>
    </div>
  );
}

function NoRooms({ serverId }: { serverId: string }) {
  const { t } = useLingui();
  const mayBuild = useHub((state) => canInServer(state, serverId, "MANAGE_CHANNELS"));
  const name = useHub((state) => state.servers[serverId]?.name ?? "");
  return (
    <div className="sheet">
      <main className="main" id="main" tabIndex={-1}>
        <RoomHead title={name} />
        <Blank icon={MessageSquareDashed} title={t`No rooms yet`} actions={mayBuild && <Button kind="primary" onClick={() => openRoomDialog({ kind: "create", parentId: null })}>{t`Make the first room`}</Button>}>
          {mayBuild ? <Trans>One to write in and one to talk in make a good start.</Trans> : <Trans>Whoever looks after this server has not made a room for you yet.</Trans>}
        </Blank>
      </main>
    </div>
  );
}
