import { CSPProvider } from "@base-ui/react/csp-provider";
import { I18nProvider } from "@lingui/react";
import { i18n } from "@lingui/core";
import { Trans, useLingui } from "@lingui/react/macro";
import { lazy, Suspense, useEffect, useState, type ReactNode } from "react";
import { Redirect, Route, Router, Switch, useLocation } from "wouter";
import { useStore } from "zustand";
import type { Client } from "@/client";
import { Gable } from "@/ui/Gable";
import { soon } from "@/ui/soon";
import { toasts } from "@/ui/toasts";
import { TooltipLayer } from "@/ui/Tooltip";
import { ClientProvider, InstanceScope, useClient, useEvery, useHub } from "./client";
import { Overlays } from "./Overlays";
import { instanceIn, paths } from "./paths";
import { askBeforeLeaving } from "./unsaved";

const Shell = lazy(() => import("./Shell").then((house) => ({ default: house.Shell })));
const LoginPage = lazy(() => import("@/features/doors/LoginPage").then((door) => ({ default: door.LoginPage })));
const RegisterPage = lazy(() => import("@/features/doors/LoginPage").then((door) => ({ default: door.RegisterPage })));
const InvitePage = lazy(() => import("@/features/doors/InvitePage").then((door) => ({ default: door.InvitePage })));
const SetupPage = lazy(() => import("@/features/doors/SetupPage").then((door) => ({ default: door.SetupPage })));
const SettingsPage = soon(() => import("@/features/settings/SettingsPage"));
const ManagePage = soon(() => import("@/features/manage/ManagePage"));
const Abroad = lazy(() => import("@/features/servers/Abroad"));
const OpenLink = lazy(() => import("@/features/servers/OpenLink"));
const ToastLayer = lazy(() => import("@/ui/ToastLayer"));

export function App({ client, nonce }: { client: Client; nonce: string | undefined }) {
  return (
    <CSPProvider nonce={nonce}>
      <I18nProvider i18n={i18n}>
        <ClientProvider client={client}>
          <Suspense fallback={<Opening />}>
            <Pages />
          </Suspense>
          <TooltipLayer />
          <Suspense>
            <Toasts />
          </Suspense>
        </ClientProvider>
      </I18nProvider>
    </CSPProvider>
  );
}

/** The instance that the address names, and its pages. Rail and call stay where they are when it changes. */
function Pages() {
  const client = useClient();
  const [location] = useLocation();
  const known = useStore(client.directory);
  const [, meet] = useState(0);
  const elsewhere = instanceIn(location);
  const origin = elsewhere?.origin ?? client.home.origin;
  if (elsewhere && (["", "/"].includes(location.slice(elsewhere.base.length)) || origin === client.home.origin)) return <Redirect to={location.slice(elsewhere.base.length) || paths.home} replace />;
  if (elsewhere && !known.origins.includes(origin) && !client.instance(origin)) return <Abroad key={origin} origin={origin} onMet={() => meet((count) => count + 1)} />;
  return (
    <InstanceScope origin={origin}>
      <Router base={elsewhere?.base ?? ""} aroundNav={askBeforeLeaving}>
        <Switch>
          <Route path="/setup"><SetupPage /></Route>
          <Route path="/invite/:token">{({ token }) => <InvitePage key={origin + token} token={token} />}</Route>
          <Route path="/open"><OpenLink /></Route>
          <Route path="/login"><Outside><LoginPage /></Outside></Route>
          <Route path="/register"><Outside><RegisterPage /></Outside></Route>
          <Route path="/settings/:page?">{({ page }) => <Inside><SettingsPage page={page ?? "profile"} /></Inside>}</Route>
          <Route path="/manage/:server/:page?">{({ server, page }) => <Inside><ManagePage serverId={server} page={page ?? "overview"} /></Inside>}</Route>
          <Route><Inside><Shell /></Inside></Route>
        </Switch>
      </Router>
    </InstanceScope>
  );
}

/** Only for people who are logged in; others go to the door and come back here. */
function Inside({ children }: { children: ReactNode }) {
  const phase = useHub((state) => state.account.phase);
  const setupNeeded = useHub((state) => state.info?.setup_needed ?? false);
  const known = useHub((state) => state.info !== null || state.me !== null);
  const elsewhere = useEvery((state) => state.account.phase === "signed-in").includes(true);
  const [location] = useLocation();
  const drawable = useHub((state) => state.me !== null || state.link.phase === "waiting" || state.link.phase === "offline");
  if (phase === "signed-in" && !drawable) return <Opening />; // what this device holds arrives in a moment
  if (phase === "signed-in" || (elsewhere && (location === paths.home || location === paths.mentions))) return <>{children}<Overlays /></>;
  if (phase === "unknown" || (!known && phase !== "signed-out")) return <Opening />;
  if (setupNeeded) return <Redirect to={paths.setup} replace />;
  return <Redirect to={location === paths.home ? paths.login : `${paths.login}?to=${encodeURIComponent(location)}`} replace />;
}

/** The door is not for those who are inside already, unless they just came through it. */
function Outside({ children }: { children: ReactNode }) {
  const phase = useHub((state) => state.account.phase);
  const setupNeeded = useHub((state) => state.info?.setup_needed ?? false);
  const target = new URLSearchParams(window.location.search).get("to") ?? paths.home;
  if (phase === "signed-in") return <Redirect to={target.startsWith("/") && !target.startsWith("//") ? target : paths.home} replace />;
  if (setupNeeded) return <Redirect to={paths.setup} replace />;
  return children;
}

function Opening() {
  return (
    <main className="opening" aria-busy="true">
      <Gable />
      <p className="vh"><Trans>Opening Hubbub</Trans></p>
    </main>
  );
}

function Toasts() {
  const { t } = useLingui();
  const [wanted, want] = useState(false);
  useEffect(() => toasts.subscribe(() => want(true)), []);
  return wanted && <ToastLayer closeLabel={t`Close`} />;
}
