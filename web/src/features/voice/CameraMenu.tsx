import { useLingui } from "@lingui/react/macro";
import { Video } from "lucide-react";
import { useEffect } from "react";
import { useStore } from "zustand";
import { useClient, useVoiceSettings } from "@/app/client";
import { Select } from "@/ui/Select";
import { deviceOptions, fromOption, toOption } from "./DeviceModel";

export function CameraMenu() {
  const { t } = useLingui();
  const { call } = useClient();
  const cameras = useStore(call.devices, (state) => state.cameras);
  const chosen = useVoiceSettings((state) => state.cameraDevice);
  useEffect(() => void call.refreshDevices().catch(() => undefined), [call]);
  return (
    <>
      <h2>{t`Camera`}</h2>
      <Select label={t`Camera`} icon={Video} value={toOption(chosen)} onValue={(value) => call.change({ cameraDevice: fromOption(value) })} options={deviceOptions(cameras, chosen, t`Whatever the system uses`)} />
    </>
  );
}
