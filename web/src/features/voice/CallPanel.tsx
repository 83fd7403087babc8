import { useLingui } from "@lingui/react/macro";
import { Settings } from "lucide-react";
import { Suspense } from "react";
import { InstanceScope, useCall, useHub } from "@/app/client";
import { useNavigate } from "@/app/navigate";
import { paths } from "@/app/paths";
import { Avatar } from "@/ui/Avatar";
import { IconButton } from "@/ui/IconButton";
import { soon } from "@/ui/soon";

const CurrentCall = soon(() => import("./CurrentCall"));

/** The call at the foot of the tree; without one, only you. */
export function CallPanel() {
  const { t } = useLingui();
  const origin = useCall((state) => state.place?.origin ?? null);
  return (
    <section className="call" aria-label={origin ? t`Your call` : t`You`} data-region>
      {origin && <InstanceScope origin={origin}><Suspense><CurrentCall /></Suspense></InstanceScope>}
      <Me />
    </section>
  );
}

function Me() {
  const { t } = useLingui();
  const me = useHub((state) => state.me);
  const presence = useHub((state) => state.presences[state.me?.id ?? ""]);
  const go = useNavigate();
  if (!me) return null;
  return (
    <div className="me">
      <Avatar id={me.id} name={me.display_name} picture={me.avatar} status={presence?.status ?? "online"} />
      <span className="me-text">
        <strong>{me.display_name}</strong>
        <small>{presence?.custom_status || me.username}</small>
      </span>
      <IconButton icon={Settings} label={t`Your settings`} onClick={() => go(paths.settings())} />
    </div>
  );
}
