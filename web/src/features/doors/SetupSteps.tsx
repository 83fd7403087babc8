import "@/styles/forms.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { CircleAlert, CircleCheck } from "lucide-react";
import { useState, type FormEvent, type ReactNode } from "react";
import { useAct } from "@/app/act";
import { useActions, useHub } from "@/app/client";
import { Button } from "@/ui/Button";
import { Field, FormError, PasswordField } from "@/ui/Field";
import { Icon } from "@/ui/Icon";
import { keyFromPaste, passwordVerdict } from "./SetupModel";
import { usernameFrom } from "./UsernameModel";

function Step({ title, lead, error, onSubmit, children, foot }: { title: string; lead: ReactNode; error?: string | null; onSubmit: () => void; children: ReactNode; foot: ReactNode }) {
  return (
    <>
      <h1>{title}</h1>
      <p className="lead">{lead}</p>
      <form
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          onSubmit();
        }}
      >
        {error && <FormError>{error}</FormError>}
        {children}
        <div className="foot">{foot}</div>
      </form>
    </>
  );
}

export function KeyStep({ value, onDone }: { value: string; onDone: (key: string) => void }) {
  const { t } = useLingui();
  const [key, setKey] = useState(value);
  return (
    <Step
      title={t`Show that this is your house`}
      lead={<Trans>The terminal where Hubbub started shows a link with the owner key. Open that link, or paste it here.</Trans>}
      onSubmit={() => onDone(keyFromPaste(key))}
      foot={<Button type="submit" kind="primary"><Trans>Next: your account</Trans></Button>}
    >
      <Field label={t`Owner key`} value={key} onValue={setKey} autoComplete="off" spellCheck={false} autoCapitalize="none" required autoFocus />
    </Step>
  );
}

export function AccountStep({ ownerKey, onBack, onDone }: { ownerKey: string; onBack: () => void; onDone: () => void }) {
  const { t } = useLingui();
  const { register } = useActions();
  const least = useHub((state) => state.info?.password_length ?? 10);
  const act = useAct();
  const [name, setName] = useState("");
  const [chosen, choose] = useState<string | null>(null);
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const username = chosen ?? usernameFrom(name);
  const submit = () =>
    void act.run(async () => {
      await register({ username, display_name: name.trim(), password, setup_token: ownerKey, ...(email.trim() ? { email: email.trim() } : {}) });
      onDone();
    });
  return (
    <Step
      title={t`Make your account`}
      lead={<Trans>You will own this place: nobody can take it from you, and you decide who looks after it.</Trans>}
      error={act.words}
      onSubmit={submit}
      foot={
        <>
          <Button kind="ghost" onClick={onBack}><Trans>Back</Trans></Button>
          <Button type="submit" kind="primary" busy={act.busy}><Trans>Next: name and address</Trans></Button>
        </>
      }
    >
      <div className="two">
        <Field label={t`Display name`} value={name} onValue={setName} error={act.field("display_name")} name="name" autoComplete="nickname" maxLength={32} required autoFocus />
        <Field label={t`Username`} hint={t`Letters, digits, dots.`} value={username} onValue={choose} error={act.field("username")} name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} required />
      </div>
      <Field label={t`Email`} hint={t`Only for password resets. You can leave it empty.`} value={email} onValue={setEmail} error={act.field("email")} type="email" name="email" autoComplete="email" />
      <PasswordField label={t`Password`} showLabel={t`Show password`} hint={<Verdict password={password} least={least} />} value={password} onValue={setPassword} error={act.field("password")} name="password" autoComplete="new-password" minLength={least} required />
    </Step>
  );
}

function Verdict({ password, least }: { password: string; least: number }) {
  const length = [...password].length;
  switch (passwordVerdict(password, least)) {
    case "empty":
      return <Trans>At least {least} characters. A password manager is welcome here.</Trans>;
    case "short":
      return <Trans>{length} of at least {least} characters.</Trans>;
    case "fair":
      return <Trans>Fine: {length} characters.</Trans>;
    case "good":
      return <Trans>Good: {length} characters.</Trans>;
  }
}

export function NameStep({ onDone }: { onDone: (server: string) => void }) {
  const { t } = useLingui();
  const { createServer } = useActions();
  const host = useHub((state) => state.host);
  const act = useAct();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const submit = () =>
    void act.run(async () => {
      const server = await createServer({ name: name.trim(), description: description.trim() });
      onDone(server.id);
    });
  return (
    <Step
      title={t`Name your first server`}
      lead={<Trans>A server is a place with its own people and rooms. One house can hold several; you can add more later.</Trans>}
      error={act.words}
      onSubmit={submit}
      foot={<Button type="submit" kind="primary" busy={act.busy}><Trans>Next: can people reach you?</Trans></Button>}
    >
      <Field label={t`Name`} value={name} onValue={setName} error={act.field("name")} maxLength={100} required autoFocus />
      <Field label={t`What happens there`} hint={t`One sentence for the invite page. You can leave it empty.`} value={description} onValue={setDescription} error={act.field("description")} maxLength={300} />
      <p className="fld-hint"><Trans>People will find it at <b>{host}</b>.</Trans></p>
    </Step>
  );
}

export function ReachStep({ onDone }: { onDone: () => void }) {
  const { t } = useLingui();
  const info = useHub((state) => state.info);
  const host = useHub((state) => state.host);
  const local = /^(localhost|127\.|\[::1\])/.test(host);
  return (
    <Step
      title={t`Can people reach you?`}
      lead={<Trans>This is what this browser can see. Everything here can be changed later.</Trans>}
      onSubmit={onDone}
      foot={<Button type="submit" kind="primary"><Trans>Go inside</Trans></Button>}
    >
      <ul className="checks">
        <CheckLine
          good={!local}
          title={local ? t`Only this machine can open ${host}` : t`${host} answers`}
          more={local ? t`Invite links will point here. For people elsewhere, start Hubbub with HUBBUB_PUBLIC_URL set to the address they will type.` : t`Invite links will point here.`}
        />
        <CheckLine
          good={info?.secure ?? false}
          title={info?.secure ? t`Microphones and cameras will work` : t`Browsers will refuse microphones here`}
          more={info?.secure ? t`The page is served in a way that browsers trust.` : t`They need HTTPS. Start Hubbub with HUBBUB_TLS=self-signed, or put it behind a proxy that has a certificate.`}
        />
      </ul>
    </Step>
  );
}

function CheckLine({ good, title, more }: { good: boolean; title: string; more: string }) {
  return (
    <li className={good ? "" : "no"}>
      <Icon of={good ? CircleCheck : CircleAlert} />
      <span>
        <strong>{title}</strong>
        <small>{more}</small>
      </span>
    </li>
  );
}
