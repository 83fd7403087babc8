import "@/styles/doors.css";
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { DoorClosed } from "lucide-react";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { Problem, type InvitePreview } from "@/client";
import { useAct } from "@/app/act";
import { useActions, useHub } from "@/app/client";
import { paths } from "@/app/paths";
import { usePageTitle } from "@/app/title";
import { Avatar } from "@/ui/Avatar";
import { Blank } from "@/ui/Blank";
import { Button } from "@/ui/Button";
import { FormError } from "@/ui/Field";
import { DoorNote } from "./DoorNote";
import { DuskWindow } from "./DuskWindow";
import { LoginForm } from "./LoginForm";
import { RegisterForm } from "./RegisterForm";

type Found = { state: "looking" } | { state: "here"; preview: InvitePreview } | { state: "gone" } | { state: "away" };

function usePreview(token: string): [Found, () => void] {
  const { previewInvite } = useActions();
  const [found, setFound] = useState<Found>({ state: "looking" });
  const [attempt, setAttempt] = useState(0);
  useEffect(() => {
    let current = true;
    previewInvite(token).then(
      (preview) => current && setFound({ state: "here", preview }),
      (error: unknown) => current && setFound({ state: error instanceof Problem ? "gone" : "away" }),
    );
    return () => void (current = false);
  }, [previewInvite, token, attempt]);
  return [found, () => setAttempt(attempt + 1)];
}

export function InvitePage({ token }: { token: string }) {
  const { t } = useLingui();
  const [found, again] = usePreview(token);
  usePageTitle(found.state === "here" ? found.preview.name : t`Invitation`);
  if (found.state === "gone" || found.state === "away") return <Closed away={found.state === "away"} again={again} />;
  const preview = found.state === "here" ? found.preview : null;
  return (
    <main className="door" aria-busy={!preview}>
      <div className="door-in">
        <DuskWindow lit={preview?.talking_count ?? 0}>{preview && <Sill preview={preview} />}</DuskWindow>
        <div className="door-form">{preview && <Welcome token={token} preview={preview} />}</div>
      </div>
    </main>
  );
}

function Sill({ preview: { talking, talking_count } }: { preview: InvitePreview }) {
  if (!talking_count) return null;
  return (
    <div className="sill">
      {talking.slice(0, 4).map((user) => (
        <Avatar key={user.id} id={user.id} name={user.display_name} picture={user.avatar} />
      ))}
      <span>
        <Plural value={talking_count} one="# person talking now" other="# people talking now" />
      </span>
    </div>
  );
}

function Welcome({ token, preview }: { token: string; preview: InvitePreview }) {
  const { t, i18n } = useLingui();
  const { acceptInvite } = useActions();
  const signedIn = useHub((state) => state.account.phase === "signed-in");
  const me = useHub((state) => state.me);
  const [, go] = useLocation();
  const [hasAccount, setHasAccount] = useState(false);
  const enter = async () => go(paths.server(await acceptInvite(token)));
  const name = preview.name;
  return (
    <>
      {preview.inviter ? (
        <p className="by">
          <Avatar id={preview.inviter.id} name={preview.inviter.display_name} picture={preview.inviter.avatar} size="xs" />
          <Trans>{preview.inviter.display_name} invited you to</Trans>
        </p>
      ) : (
        <p className="by"><Trans>You are invited to</Trans></p>
      )}
      <h1>{name}</h1>
      {preview.description && <p className="lead">{preview.description}</p>}
      <ul className="facts">
        <li>
          <b>{i18n.number(preview.member_count)}</b> <Plural value={preview.member_count} one="member" other="members" />
        </li>
        <li><Trans><b>{preview.online_count}</b> here now</Trans></li>
        <li><Trans><b>{String(new Date(preview.created_at).getFullYear())}</b> founded</Trans></li>
      </ul>
      {signedIn ? (
        <Join name={name} me={me?.display_name ?? ""} join={enter} />
      ) : hasAccount ? (
        <LoginForm button={t`Log in and join ${name}`} then={enter} />
      ) : (
        <RegisterForm button={t`Join ${name}`} invite={token} then={enter} />
      )}
      {!signedIn && (
        <p className="alt">
          <button type="button" className="linkish" onClick={() => setHasAccount(!hasAccount)}>
            {hasAccount ? <Trans>I have no account here yet</Trans> : <Trans>I already have an account here</Trans>}
          </button>
        </p>
      )}
      <DoorNote />
    </>
  );
}

function Join({ name, me, join }: { name: string; me: string; join: () => Promise<void> }) {
  const act = useAct();
  return (
    <>
      {act.words && <FormError>{act.words}</FormError>}
      <Button kind="primary" size="big" busy={act.busy} onClick={() => void act.run(join)}>
        <Trans>Join {name} as {me}</Trans>
      </Button>
    </>
  );
}

function Closed({ away, again }: { away: boolean; again: () => void }) {
  const { t } = useLingui();
  const host = useHub((state) => state.host);
  const [, go] = useLocation();
  return (
    <main className="door">
      <Blank
        icon={DoorClosed}
        title={away ? t`${host} does not answer` : t`This invitation is over`}
        level={1}
        actions={
          <Button kind="primary" onClick={away ? again : () => go(paths.login)}>
            {away ? t`Try again` : t`Log in`}
          </Button>
        }
      >
        {away ? (
          <Trans>Your invitation may still be good. Try again in a moment.</Trans>
        ) : (
          <Trans>It ran out or was used up. Ask the person who sent it for a new link; it takes them one click.</Trans>
        )}
      </Blank>
    </main>
  );
}
