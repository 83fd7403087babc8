import { Trans, useLingui } from "@lingui/react/macro";
import { useState, type FormEvent } from "react";
import { Problem } from "@/client";
import { useAct } from "@/app/act";
import { useActions, useHub } from "@/app/client";
import { Button } from "@/ui/Button";
import { Field, FormError, PasswordField } from "@/ui/Field";
import { anotherUsername, usernameFrom } from "./UsernameModel";

interface Props {
  button: string;
  invite?: string;
  then: () => Promise<void> | void;
}

/** Two fields and one button. The name to log in with follows from the first, and may be changed. */
export function RegisterForm({ button, invite, then }: Props) {
  const { t } = useLingui();
  const { register } = useActions();
  const least = useHub((state) => state.info?.password_length ?? 10);
  const act = useAct();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [chosen, choose] = useState<string | null>(null);
  const username = chosen ?? usernameFrom(name);
  const asks = chosen !== null || (name.trim().length > 0 && !username);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (!username) return choose("");
    void act.run(async () => {
      const form = { display_name: name.trim(), password, ...(invite ? { invite } : {}) };
      await untilFree(username, chosen === null, (free) => register({ ...form, username: free }));
      await then();
    });
  }

  return (
    <>
      {act.words && <FormError>{act.words}</FormError>}
      <form onSubmit={submit}>
        <Field
          label={t`What should people call you?`}
          hint={
            username && !asks ? (
              <Trans>
                You log in as <b>{username}</b>. <button type="button" className="linkish" onClick={() => choose(username)}>Change</button>
              </Trans>
            ) : (
              t`You can change this whenever you like.`
            )
          }
          value={name}
          onValue={setName}
          error={act.field("display_name")}
          name="name"
          autoComplete="nickname"
          maxLength={32}
          required
        />
        {asks && (
          <Field
            label={t`Username`}
            hint={t`To log in with: letters, digits, dots and underscores.`}
            value={chosen ?? ""}
            onValue={choose}
            error={act.field("username")}
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            required
          />
        )}
        {!asks && <input type="text" name="username" autoComplete="username" value={username} readOnly hidden />}
        <PasswordField
          label={t`Password`}
          showLabel={t`Show password`}
          hint={t`At least ${least} characters. A password manager is welcome here.`}
          value={password}
          onValue={setPassword}
          error={act.field("password")}
          name="password"
          autoComplete="new-password"
          minLength={least}
          required
        />
        <Button type="submit" kind="primary" size="big" busy={act.busy}>
          {button}
        </Button>
      </form>
    </>
  );
}

/** A name we made up may be taken: then the next one, up to five. A name the person chose is theirs to change. */
async function untilFree(username: string, madeUp: boolean, register: (username: string) => Promise<unknown>): Promise<void> {
  for (let attempt = 1, name = username; ; name = anotherUsername(username, attempt++)) {
    try {
      await register(name);
      return;
    } catch (error) {
      const taken = error instanceof Problem && error.code === "user.username_taken";
      if (!taken || !madeUp || attempt > 5) throw error;
    }
  }
}
