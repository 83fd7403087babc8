import "@/styles/doors.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link, useLocation, useSearchParams } from "wouter";
import { useHub } from "@/app/client";
import { paths } from "@/app/paths";
import { usePageTitle } from "@/app/title";
import { Gable } from "@/ui/Gable";
import { DoorNote } from "./DoorNote";
import { LoginForm } from "./LoginForm";
import { RegisterForm } from "./RegisterForm";

/** Where to go after the door: only a place in this house. */
function useTarget(): string {
  const [search] = useSearchParams();
  const to = search.get("to");
  return to?.startsWith("/") && !to.startsWith("//") ? to : paths.home;
}

export function LoginPage() {
  const { t } = useLingui();
  usePageTitle(t`Log in`);
  const target = useTarget();
  const [, go] = useLocation();
  const name = useHub((state) => state.info?.name ?? state.host);
  const registration = useHub((state) => state.info?.registration);
  const reason = useHub((state) => state.account.reason);
  return (
    <main className="door">
      <div className="door-in single">
        <div>
          <p className="mark"><Gable />Hubbub</p>
          <h1>{name}</h1>
          <p className="lead">
            {reason === "revoked" ? <Trans>This device was logged out. Log in again to come back.</Trans> : <Trans>Good to see you. Log in to come inside.</Trans>}
          </p>
          <LoginForm button={t`Log in`} then={() => go(target)} />
          <p className="alt">
            {registration === "open" && (
              <Link className="linkish" href={paths.register}>
                <Trans>Make an account here</Trans>
              </Link>
            )}
            {registration === "invite" && <span><Trans>New here? Ask somebody inside for an invite link.</Trans></span>}
          </p>
          <DoorNote />
        </div>
      </div>
    </main>
  );
}

export function RegisterPage() {
  const { t } = useLingui();
  usePageTitle(t`Make an account`);
  const target = useTarget();
  const [, go] = useLocation();
  const name = useHub((state) => state.info?.name ?? state.host);
  return (
    <main className="door">
      <div className="door-in single">
        <div>
          <p className="mark"><Gable />Hubbub</p>
          <h1>{name}</h1>
          <p className="lead"><Trans>Make an account to come inside.</Trans></p>
          <RegisterForm button={t`Make my account`} then={() => go(target)} />
          <p className="alt">
            <Link className="linkish" href={paths.login}>
              <Trans>I already have an account here</Trans>
            </Link>
          </p>
          <DoorNote />
        </div>
      </div>
    </main>
  );
}
