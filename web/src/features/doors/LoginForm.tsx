import { useLingui } from "@lingui/react/macro";
import { useState, type FormEvent } from "react";
import { useAct } from "@/app/act";
import { useActions } from "@/app/client";
import { Button } from "@/ui/Button";
import { Field, FormError, PasswordField } from "@/ui/Field";

/** Name and password. `then` runs signed in, and its refusal shows here too. */
export function LoginForm({ button, then }: { button: string; then: () => Promise<void> | void }) {
  const { t } = useLingui();
  const { login } = useActions();
  const act = useAct();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");

  function submit(event: FormEvent) {
    event.preventDefault();
    void act.run(async () => {
      await login({ username: username.trim(), password });
      await then();
    });
  }

  return (
    <>
      {act.words && <FormError>{act.words}</FormError>}
      <form onSubmit={submit}>
        <Field label={t`Username`} value={username} onValue={setUsername} error={act.field("username")} name="username" autoComplete="username" autoCapitalize="none" spellCheck={false} required autoFocus />
        <PasswordField label={t`Password`} showLabel={t`Show password`} value={password} onValue={setPassword} error={act.field("password")} name="password" autoComplete="current-password" required />
        <Button type="submit" kind="primary" size="big" busy={act.busy}>
          {button}
        </Button>
      </form>
    </>
  );
}
