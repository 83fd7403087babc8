import { useLingui } from "@lingui/react/macro";
import { useState, type FormEvent } from "react";
import { rosterOf } from "@/client";
import { useAct } from "@/app/act";
import { useActions, useHub } from "@/app/client";
import { useNavigate } from "@/app/navigate";
import { paths } from "@/app/paths";
import { Button } from "@/ui/Button";
import { Choice } from "@/ui/Choice";
import { ConfirmDialog, Dialog } from "@/ui/Dialog";
import { Field, FormError, TextArea } from "@/ui/Field";
import { Folder, Hash, Volume2 } from "lucide-react";
import InvitePeople from "./InvitePeople";
import type { RoomDialog } from "./roomDialogs";
import { MoveRoom } from "./MoveRoom";

interface Props {
  serverId: string;
  dialog: RoomDialog;
  onClose: () => void;
}

export default function RoomDialogs({ serverId, dialog, onClose }: Props) {
  switch (dialog.kind) {
    case "create":
      return <CreateRoom serverId={serverId} parentId={dialog.parentId} onClose={onClose} />;
    case "edit":
      return <EditRoom roomId={dialog.roomId} onClose={onClose} />;
    case "move":
      return <MoveRoom roomId={dialog.roomId} onClose={onClose} />;
    case "delete":
      return <DeleteRoom roomId={dialog.roomId} onClose={onClose} />;
    case "invite":
      return <InvitePeople serverId={serverId} onClose={onClose} />;
  }
}

function CreateRoom({ serverId, parentId, onClose }: { serverId: string; parentId: string | null; onClose: () => void }) {
  const { t } = useLingui();
  const { createChannel } = useActions();
  const parent = useHub((state) => (parentId ? state.channels[parentId]?.name : undefined));
  const go = useNavigate();
  const act = useAct();
  const [type, setType] = useState<"text" | "voice" | "category">("text");
  const [name, setName] = useState("");

  function submit(event: FormEvent) {
    event.preventDefault();
    void act.run(async () => {
      const room = await createChannel(serverId, { name: name.trim(), type, parent_id: parentId });
      onClose();
      if (type === "text") go(paths.room(serverId, room.id));
    });
  }

  return (
    <Dialog open title={parent ? t`New room in ${parent}` : t`New room`} closeLabel={t`Close`} onClose={onClose}>
      {act.words && <FormError>{act.words}</FormError>}
      <form onSubmit={submit}>
        <Choice
          label={t`What is it for?`}
          value={type}
          onValue={setType}
          options={[
            { value: "text", icon: Hash, label: t`Writing`, hint: t`Messages that stay.` },
            { value: "voice", icon: Volume2, label: t`Talking`, hint: t`Go in and be heard, with camera if you like.` },
            { value: "category", icon: Folder, label: t`Grouping`, hint: t`A heading with rooms below it.` },
          ]}
        />
        <Field label={t`Name`} value={name} onValue={setName} error={act.field("name")} maxLength={100} autoComplete="off" required autoFocus />
        <div className="dialog-foot">
          <Button kind="ghost" onClick={onClose}>{t`Cancel`}</Button>
          <Button kind="primary" type="submit" busy={act.busy}>{t`Make the room`}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function EditRoom({ roomId, onClose }: { roomId: string; onClose: () => void }) {
  const { t } = useLingui();
  const { updateChannel } = useActions();
  const room = useHub((state) => state.channels[roomId]);
  const act = useAct();
  const [name, setName] = useState(room?.name ?? "");
  const [topic, setTopic] = useState(room?.topic ?? "");

  function submit(event: FormEvent) {
    event.preventDefault();
    void act.run(async () => {
      await updateChannel(roomId, { name: name.trim(), topic: topic.trim() });
      onClose();
    });
  }

  return (
    <Dialog open title={room?.type === "category" ? t`Rename` : t`Name and topic`} closeLabel={t`Close`} onClose={onClose}>
      {act.words && <FormError>{act.words}</FormError>}
      <form onSubmit={submit}>
        <Field label={t`Name`} value={name} onValue={setName} error={act.field("name")} maxLength={100} autoComplete="off" required autoFocus />
        {room?.type !== "category" && <TextArea label={t`Topic`} hint={t`One line beside the name. What is this room about?`} value={topic} onValue={setTopic} error={act.field("topic")} maxLength={1024} />}
        <div className="dialog-foot">
          <Button kind="ghost" onClick={onClose}>{t`Cancel`}</Button>
          <Button kind="primary" type="submit" busy={act.busy}>{t`Save`}</Button>
        </div>
      </form>
    </Dialog>
  );
}

function DeleteRoom({ roomId, onClose }: { roomId: string; onClose: () => void }) {
  const { t } = useLingui();
  const { deleteChannel } = useActions();
  const [room] = useState(useHub((state) => state.channels[roomId]));
  const people = useHub((state) => rosterOf(state, roomId).length);
  const act = useAct();
  const name = room?.name ?? "";
  const lead = people > 0 ? t`Everything said there goes too, for everybody, and the ${people} people inside are sent out. This cannot be undone.` : t`Everything said there goes too, for everybody. This cannot be undone.`;
  return (
    <ConfirmDialog
      open
      title={t`Delete ${name}?`}
      lead={room?.type === "category" ? t`The heading goes. This cannot be undone.` : lead}
      confirm={t`Delete ${name}`}
      cancel={t`Keep it`}
      busy={act.busy}
      error={act.words && <FormError>{act.words}</FormError>}
      onConfirm={() => void act.run(async () => {
        await deleteChannel(roomId);
        onClose();
      })}
      onClose={onClose}
    />
  );
}
