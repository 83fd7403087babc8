import { Trans, useLingui } from "@lingui/react/macro";
import { useState, type KeyboardEvent } from "react";
import { useClient, useVoiceSettings } from "@/app/client";
import { Button } from "@/ui/Button";
import { keyName } from "@/ui/keyName";

/** Which key opens push to talk; press the button, then the key. */
export function PushKey() {
  const { t } = useLingui();
  const { call } = useClient();
  const key = useVoiceSettings((state) => state.pushKey);
  const [listening, listen] = useState(false);

  function onKeyDown(event: KeyboardEvent) {
    if (!listening) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key !== "Escape") call.change({ pushKey: event.code });
    listen(false);
  }

  return (
    <p className="push-key">
      <span><Trans>Key to hold</Trans></span>
      <Button size="small" onKeyDown={onKeyDown} onBlur={() => listen(false)} onClick={() => listen(true)} aria-label={t`Key to hold: ${keyName(key)}. Press to change`}>
        {listening ? t`Press a key` : keyName(key)}
      </Button>
    </p>
  );
}
