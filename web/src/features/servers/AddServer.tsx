import { useLingui } from "@lingui/react/macro";
import { useState, type FormEvent } from "react";
import { useAct } from "@/app/act";
import { useActions, useHref, useHub, useInstance } from "@/app/client";
import { useNavigate } from "@/app/navigate";
import { paths } from "@/app/paths";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field, FormError } from "@/ui/Field";
import { Segmented } from "@/ui/Segmented";
import { inviteFrom, placeFrom } from "./InviteModel";

/** A new server of your own, or one somebody invited you to. */
export default function AddServer({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const [way, choose] = useState<"join" | "make">("join");
  return (
    <Dialog open title={t`Add a server`} closeLabel={t`Close`} onClose={onClose}>
      <Segmented label={t`How`} value={way} onValue={choose} options={[{ value: "join", label: t`I have an invite` }, { value: "make", label: t`Make a new one` }]} />
      {way === "join" ? <Join onClose={onClose} /> : <Make onClose={onClose} />}
    </Dialog>
  );
}

function Join({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const { origin } = useInstance();
  const href = useHref();
  const go = useNavigate();
  const [link, setLink] = useState("");
  const [error, setError] = useState<string>();

  function submit(event: FormEvent) {
    event.preventDefault();
    const invite = inviteFrom(link);
    const place = placeFrom(link);
    if (!invite && !place) return setError(t`This is not an invite link. It looks like ${window.location.origin}/invite/…`);
    onClose();
    if (invite) go(href(invite.origin ?? origin, paths.invite(invite.token)));
    else if (place) go(href(place, paths.login));
  }

  return (
    <form onSubmit={submit} className="stacked">
      <Field label={t`Invite link or address`} hint={t`Of this place or any other. Your account for another place lives there; this device keeps both.`} value={link} onValue={setLink} error={error} inputMode="url" autoComplete="off" spellCheck={false} required autoFocus />
      <div className="dialog-foot">
        <Button kind="ghost" onClick={onClose}>{t`Cancel`}</Button>
        <Button kind="primary" type="submit">{t`Open the invite`}</Button>
      </div>
    </form>
  );
}

function Make({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const { createServer } = useActions();
  const host = useHub((state) => state.host);
  const go = useNavigate();
  const act = useAct();
  const [name, setName] = useState("");

  function submit(event: FormEvent) {
    event.preventDefault();
    void act.run(async () => {
      const server = await createServer({ name: name.trim() });
      onClose();
      go(paths.server(server.id));
    });
  }

  return (
    <form onSubmit={submit} className="stacked">
      {act.words && <FormError>{act.words}</FormError>}
      <Field label={t`Name`} hint={t`You will own it. It lives at ${host} and starts with one room to write in and one to talk in.`} value={name} onValue={setName} error={act.field("name")} maxLength={100} autoComplete="off" required autoFocus />
      <div className="dialog-foot">
        <Button kind="ghost" onClick={onClose}>{t`Cancel`}</Button>
        <Button kind="primary" type="submit" busy={act.busy}>{t`Make the server`}</Button>
      </div>
    </form>
  );
}
