import "@/styles/call.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { useLingui as useCatalogue } from "@lingui/react";
import { Headphones, Mic, Volume2 } from "lucide-react";
import { useCallback, useEffect, useState } from "react";
import { useStore } from "zustand";
import type { MicTrouble } from "@/client";
import { useCall, useClient, useVoiceSettings } from "@/app/client";
import { Button } from "@/ui/Button";
import { Segmented } from "@/ui/Segmented";
import { Select } from "@/ui/Select";
import { Slider } from "@/ui/Slider";
import { Switch } from "@/ui/Switch";
import { MIC_TROUBLES } from "./CallWords";
import { deviceOptions, fromOption, toOption } from "./DeviceModel";
import { followLevel } from "./levels";
import { PushKey } from "./PushKey";

/** Microphone and sound, with the level as it is now. The same in a call and in the settings. */
export function AudioMenu() {
  const { t } = useLingui();
  const { call } = useClient();
  const settings = useVoiceSettings((state) => state);
  const devices = useStore(call.devices, (state) => state);
  useEffect(() => void call.refreshDevices().catch(() => undefined), [call]);
  const system = t`Whatever the system uses`;
  return (
    <>
      <h2>{t`Microphone`}</h2>
      <Select label={t`Microphone`} icon={Mic} value={toOption(settings.microphone)} onValue={(value) => call.change({ microphone: fromOption(value) })} options={deviceOptions(devices.microphones, settings.microphone, system)} />
      <Level />
      <Segmented
        label={t`When to send`}
        value={settings.mode}
        onValue={(mode) => call.change({ mode })}
        options={[{ value: "voice", label: t`When I speak` }, { value: "push", label: t`Push to talk` }]}
      />
      {settings.mode === "push" && <PushKey />}
      <Switch label={t`Noise suppression`} checked={settings.noiseSuppression} onChecked={(noiseSuppression) => call.change({ noiseSuppression })} />
      <Switch label={t`Echo cancellation`} checked={settings.echoCancellation} onChecked={(echoCancellation) => call.change({ echoCancellation })} />
      <Switch label={t`Automatic gain`} checked={settings.autoGain} onChecked={(autoGain) => call.change({ autoGain })} />
      <hr />
      <h2>{t`Speakers`}</h2>
      {devices.canChooseSpeaker && <Select label={t`Speakers`} icon={Headphones} value={toOption(settings.speaker)} onValue={(value) => call.change({ speaker: fromOption(value) })} options={deviceOptions(devices.speakers, settings.speaker, system)} />}
      <p className="pop-foot">
        <Button kind="soft" size="small" icon={Volume2} onClick={() => void call.testSpeaker()}>{t`Play a test sound`}</Button>
      </p>
    </>
  );
}

/** The live level with the mark above which sound is sent. Outside a call the microphone opens for as long as this is shown. */
function Level() {
  const { t } = useLingui();
  const { _ } = useCatalogue();
  const { call } = useClient();
  const { threshold, mode } = useVoiceSettings((state) => state);
  const trouble = useCall((state) => state.micTrouble);
  const refused = useTestMicrophone();
  const meter = useCallback((element: HTMLElement | null) => (element ? followLevel(element, () => call.level()) : undefined), [call]);
  const why = trouble ?? refused;
  if (why) return <p className="hint mic-why" role="status">{_(MIC_TROUBLES[why])}</p>;
  return (
    <>
      <div className="lvl">
        <span className="lvl-fill" ref={meter}><i /></span>
        {mode === "voice" && <Slider label={t`Sound above this mark is sent`} say={(value) => `${value} %`} value={Math.round(threshold * 100)} min={0} max={100} onValue={(value) => call.change({ threshold: value / 100 })} />}
      </div>
      <p className="hint">
        {mode === "voice" ? <Trans>Sound above the mark is sent. Talk as you normally would, then drag it.</Trans> : <Trans>Sound is sent while you hold the key.</Trans>}
      </p>
    </>
  );
}

function useTestMicrophone(): MicTrouble | null {
  const { call } = useClient();
  const inCall = useCall((state) => state.place !== null);
  const [refused, setRefused] = useState<MicTrouble | null>(null);
  useEffect(() => {
    if (inCall) return;
    let stop: (() => void) | null = null;
    let gone = false;
    call.testMicrophone().then(
      (close) => {
        if (gone) close();
        else stop = close;
      },
      () => setRefused(window.isSecureContext ? "blocked" : "insecure"),
    );
    return () => {
      gone = true;
      stop?.();
    };
  }, [call, inCall]);
  return refused;
}
