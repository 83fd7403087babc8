import "@/styles/doors.css";
import { useLingui } from "@lingui/react/macro";
import { DoorClosed, House, Mail } from "lucide-react";
import { canInServer } from "@/client";
import { useHub } from "@/app/client";
import { useNavigate } from "@/app/navigate";
import { paths } from "@/app/paths";
import { usePageTitle } from "@/app/title";
import { lastRoomOf } from "@/features/servers/lastRoom";
import { SettingsFrame } from "@/features/settings/SettingsFrame";
import { Blank } from "@/ui/Blank";
import { Button } from "@/ui/Button";
import { Invites } from "./Invites";
import { Overview } from "./Overview";

/** Settings of one server. */
export default function ManagePage({ serverId, page }: { serverId: string; page: string }) {
  const { t } = useLingui();
  const name = useHub((state) => state.servers[serverId]?.name ?? "");
  const allowed = useHub((state) => canInServer(state, serverId, "MANAGE_SERVER"));
  const known = useHub((state) => state.live || serverId in state.servers);
  const go = useNavigate();
  usePageTitle(t`Server settings`);
  if (!known) return null;
  if (!allowed) {
    return (
      <main className="door">
        <Blank level={1} icon={DoorClosed} title={t`This page is closed to you`} actions={<Button kind="primary" onClick={() => go(paths.home)}>{t`Go home`}</Button>}>
          {t`It is for those who look after the server.`}
        </Blank>
      </main>
    );
  }
  const entries = [
    { id: "overview", icon: House, label: t`Overview`, href: paths.manage(serverId, "overview") },
    { id: "invites", icon: Mail, label: t`Invites`, href: paths.manage(serverId, "invites") },
  ];
  return (
    <SettingsFrame label={t`Server settings`} back={name} backHref={lastRoomOf(serverId)} entries={entries} current={page}>
      {page === "invites" ? <Invites serverId={serverId} /> : <Overview serverId={serverId} />}
    </SettingsFrame>
  );
}
