import { Trans, useLingui } from "@lingui/react/macro";
import { CircleAlert, Pencil, UserPlus } from "lucide-react";
import { canInRoom, canInServer } from "@/client";
import { useActions, useHub } from "@/app/client";
import { openRoomDialog } from "@/features/rooms/roomDialogs";
import { Blank } from "@/ui/Blank";
import { Button } from "@/ui/Button";
import { ServerArch } from "@/ui/ServerArch";

/** In the place of the log: nothing was said yet, or what was said did not arrive. */
export default function NoMessages({ serverId, roomId, name, arrived }: { serverId: string; roomId: string; name: string; arrived: boolean }) {
  const failed = useHub((state) => state.rooms[roomId]?.error ?? null);
  return failed && !arrived ? <Failed roomId={roomId} detail={failed.detail} offline={failed.code === "offline"} /> : <Empty serverId={serverId} roomId={roomId} name={name} />;
}

function Failed({ roomId, detail, offline }: { roomId: string; detail: string; offline: boolean }) {
  const { t } = useLingui();
  const { openRoom } = useActions();
  return (
    <Blank icon={CircleAlert} title={t`The messages did not arrive`} actions={<Button kind="primary" onClick={() => openRoom(roomId)}>{t`Try again`}</Button>}>
      {offline ? <Trans>The line is down. Other rooms you opened before are still readable.</Trans> : detail}
    </Blank>
  );
}

function Empty({ serverId, roomId, name }: { serverId: string; roomId: string; name: string }) {
  const { t } = useLingui();
  const server = useHub((state) => state.servers[serverId]);
  const topic = useHub((state) => state.channels[roomId]?.topic);
  const mayBuild = useHub((state) => canInRoom(state, roomId, "MANAGE_CHANNELS"));
  const mayInvite = useHub((state) => canInServer(state, serverId, "CREATE_INVITE"));
  return (
    <div className="log-wrap">
      <Blank
        picture={<ServerArch id={serverId} name={server?.name ?? ""} picture={server?.icon ?? null} size="large" />}
        title={t`Nothing said here yet`}
        actions={
          <>
            {mayBuild && !topic && <Button kind="soft" icon={Pencil} onClick={() => openRoomDialog({ kind: "edit", roomId })}>{t`Write a topic`}</Button>}
            {mayInvite && <Button kind="soft" icon={UserPlus} onClick={() => openRoomDialog({ kind: "invite", roomId })}>{t`Invite people`}</Button>}
          </>
        }
      >
        <Trans>This is the start of {name}. Say something, and it stays for whoever comes next.</Trans>
      </Blank>
    </div>
  );
}
