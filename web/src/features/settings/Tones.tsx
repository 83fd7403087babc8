import { Trans, useLingui } from "@lingui/react/macro";
import type { Tone } from "@/client";
import { useClient, useVoiceSettings } from "@/app/client";
import { Switch } from "@/ui/Switch";

/** The quiet tones of a call, each on its own switch. */
export function Tones() {
  const { t } = useLingui();
  const { call } = useClient();
  const tones = useVoiceSettings((state) => state.tones);
  const words: Record<Tone, string> = {
    join: t`Somebody comes in`,
    leave: t`Somebody leaves`,
    mute: t`You mute`,
    unmute: t`You unmute`,
    deafen: t`You deafen`,
    disconnected: t`The line breaks`,
  };
  return (
    <>
      <h2><Trans>Tones</Trans></h2>
      {(Object.keys(words) as Tone[]).map((tone) => (
        <Switch key={tone} label={words[tone]} checked={tones[tone]} onChecked={(on) => call.change({ tones: { ...tones, [tone]: on } })} />
      ))}
    </>
  );
}
