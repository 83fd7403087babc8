import { useLingui } from "@lingui/react/macro";
import { House, Keyboard, Mic, Monitor, Palette, User } from "lucide-react";
import { paths } from "@/app/paths";
import { usePageTitle } from "@/app/title";
import { AudioMenu } from "@/features/voice/AudioMenu";
import { Devices } from "./Devices";
import { KeysPage } from "./KeysPage";
import { Look } from "./Look";
import { Places } from "./Places";
import { Profile } from "./Profile";
import { SettingsFrame } from "./SettingsFrame";
import { Tones } from "./Tones";

export default function SettingsPage({ page }: { page: string }) {
  const { t } = useLingui();
  usePageTitle(t`Your settings`);
  const entries = [
    { id: "profile", icon: User, label: t`Profile`, href: paths.settings("profile") },
    { id: "devices", icon: Monitor, label: t`Devices`, href: paths.settings("devices") },
    { id: "sound", icon: Mic, label: t`Microphone and sound`, href: paths.settings("sound") },
    { id: "look", icon: Palette, label: t`Look and language`, href: paths.settings("look") },
    { id: "places", icon: House, label: t`Places`, href: paths.settings("places") },
    { id: "keys", icon: Keyboard, label: t`Keys`, href: paths.settings("keys") },
  ];
  return (
    <SettingsFrame label={t`Your settings`} back={t`Back`} backHref={paths.home} entries={entries} current={page}>
      {page === "devices" ? <Devices /> : page === "sound" ? <Sound /> : page === "look" ? <Look /> : page === "places" ? <Places /> : page === "keys" ? <KeysPage /> : <Profile />}
    </SettingsFrame>
  );
}

function Sound() {
  return (
    <div className="set-sound">
      <AudioMenu />
      <Tones />
    </div>
  );
}
