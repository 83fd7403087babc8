import "@/styles/forms.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { LogOut } from "lucide-react";
import { useState } from "react";
import { useAct } from "@/app/act";
import { useActions, useHub } from "@/app/client";
import { useNavigate } from "@/app/navigate";
import { paths } from "@/app/paths";
import { Avatar } from "@/ui/Avatar";
import { Button } from "@/ui/Button";
import { Field, FormError, PasswordField } from "@/ui/Field";
import { Segmented } from "@/ui/Segmented";
import { toast } from "@/ui/toasts";
import { SaveBar } from "./SaveBar";

export function Profile() {
  const me = useHub((state) => state.me);
  const host = useHub((state) => state.host);
  if (!me) return null;
  return (
    <>
      <div className="me-head">
        <Avatar id={me.id} name={me.display_name} picture={me.avatar} size="xl" />
        <span>
          <strong>{me.display_name}</strong>
          <small>{me.username} · {host}</small>
        </span>
      </div>
      <Names key={me.display_name + me.email} name={me.display_name} email={me.email ?? ""} />
      <Presence />
      <Password />
      <LogOutHere />
    </>
  );
}

function Names({ name, email }: { name: string; email: string }) {
  const { t } = useLingui();
  const { updateMe } = useActions();
  const act = useAct();
  const [newName, setName] = useState(name);
  const [newEmail, setEmail] = useState(email);
  const changed = newName !== name || newEmail !== email;
  return (
    <>
      <Field label={t`What people call you`} value={newName} onValue={setName} error={act.field("display_name")} maxLength={32} autoComplete="nickname" />
      <Field label={t`Email`} hint={t`Only for password resets. You can leave it empty.`} type="email" value={newEmail} onValue={setEmail} error={act.field("email")} autoComplete="email" />
      {changed && (
        <SaveBar
          act={act}
          onUndo={() => {
            setName(name);
            setEmail(email);
            act.clear();
          }}
          onSave={() => void act.run(async () => void (await updateMe({ display_name: newName.trim(), email: newEmail.trim() || null })))}
        />
      )}
    </>
  );
}

function Presence() {
  const { t } = useLingui();
  const { setPresence } = useActions();
  const presence = useHub((state) => state.presences[state.me?.id ?? ""]);
  const [words, setWords] = useState(presence?.custom_status ?? "");
  const status = presence?.status ?? "online";
  return (
    <>
      <h2><Trans>How you show</Trans></h2>
      <div className="set-row">
        <Segmented
          label={t`How you show`}
          value={status}
          onValue={(next) => setPresence(next, words.trim() || null)}
          options={[
            { value: "online", label: t`Online` },
            { value: "idle", label: t`Idle` },
            { value: "dnd", label: t`Do not disturb` },
            { value: "offline", label: t`Hidden` },
          ]}
        />
      </div>
      <Field label={t`A few words below your name`} value={words} onValue={setWords} onBlur={() => words !== (presence?.custom_status ?? "") && setPresence(status, words.trim() || null)} maxLength={128} autoComplete="off" />
    </>
  );
}

function Password() {
  const { t } = useLingui();
  const { changePassword } = useActions();
  const least = useHub((state) => state.info?.password_length ?? 10);
  const username = useHub((state) => state.me?.username ?? "");
  const act = useAct();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void act.run(async () => {
          await changePassword(current, next);
          setCurrent("");
          setNext("");
          toast(t`Password changed. All other devices were logged out.`);
        });
      }}
    >
      <h2><Trans>Password</Trans></h2>
      <p className="hint"><Trans>A new password logs out all your other devices.</Trans></p>
      {act.words && <FormError>{act.words}</FormError>}
      <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />
      <PasswordField label={t`Password now`} showLabel={t`Show password`} value={current} onValue={setCurrent} error={act.field("current")} autoComplete="current-password" required />
      <PasswordField label={t`New password`} showLabel={t`Show password`} hint={t`At least ${least} characters. A password manager is welcome here.`} value={next} onValue={setNext} error={act.field("new")} autoComplete="new-password" minLength={least} required />
      <Button type="submit" kind="soft" busy={act.busy}><Trans>Change the password</Trans></Button>
    </form>
  );
}

function LogOutHere() {
  const { t } = useLingui();
  const { logout } = useActions();
  const go = useNavigate();
  return (
    <>
      <h2><Trans>This device</Trans></h2>
      <p className="hint"><Trans>Logging out removes what was kept here: messages, drafts and settings of this account.</Trans></p>
      <Button icon={LogOut} onClick={() => void logout().then(() => go(paths.login))}>{t`Log out`}</Button>
    </>
  );
}
