import { plural } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useAct } from "@/app/act";
import { useActions, useHub } from "@/app/client";
import { useNavigate } from "@/app/navigate";
import { paths } from "@/app/paths";
import { SaveBar } from "@/features/settings/SaveBar";
import { Button } from "@/ui/Button";
import { ConfirmDialog } from "@/ui/Dialog";
import { Field, FormError, TextArea } from "@/ui/Field";

export function Overview({ serverId }: { serverId: string }) {
  const name = useHub((state) => state.servers[serverId]?.name ?? "");
  const description = useHub((state) => state.servers[serverId]?.description ?? "");
  const owner = useHub((state) => state.servers[serverId]?.owner_id === state.me?.id);
  return (
    <>
      <Facts key={name + description} serverId={serverId} name={name} description={description} />
      {owner && <Ending serverId={serverId} name={name} />}
    </>
  );
}

function Facts({ serverId, name, description }: { serverId: string; name: string; description: string }) {
  const { t } = useLingui();
  const { updateServer } = useActions();
  const act = useAct();
  const [newName, setName] = useState(name);
  const [newDescription, setDescription] = useState(description);
  const changed = newName !== name || newDescription !== description;
  return (
    <>
      <Field label={t`Name`} value={newName} onValue={setName} error={act.field("name")} maxLength={100} autoComplete="off" />
      <TextArea label={t`What happens there`} hint={t`One sentence for the invite page.`} value={newDescription} onValue={setDescription} error={act.field("description")} maxLength={300} />
      {changed && (
        <SaveBar
          act={act}
          onUndo={() => {
            setName(name);
            setDescription(description);
            act.clear();
          }}
          onSave={() => void act.run(async () => void (await updateServer(serverId, { name: newName.trim(), description: newDescription.trim() })))}
        />
      )}
    </>
  );
}

function Ending({ serverId, name }: { serverId: string; name: string }) {
  const { t } = useLingui();
  const { deleteServer } = useActions();
  const members = useHub((state) => state.servers[serverId]?.member_count ?? 0);
  const go = useNavigate();
  const act = useAct();
  const [asking, ask] = useState(false);
  return (
    <>
      <h2><Trans>Ending it</Trans></h2>
      <p className="hint"><Trans>Deleting takes all rooms and everything said in them away from everybody.</Trans></p>
      <Button icon={Trash2} onClick={() => ask(true)}>{t`Delete ${name}`}</Button>
      <ConfirmDialog
        open={asking}
        title={t`Delete ${name}?`}
        lead={plural(members, { one: "It goes for # member, with everything said there. This cannot be undone.", other: "It goes for all # members, with everything said there. This cannot be undone." })}
        confirm={t`Delete ${name}`}
        cancel={t`Keep it`}
        busy={act.busy}
        error={act.words && <FormError>{act.words}</FormError>}
        onConfirm={() => void act.run(async () => { await deleteServer(serverId); go(paths.home); })}
        onClose={() => ask(false)}
      />
    </>
  );
}
