import "@/styles/doors.css";
import { Trans, useLingui } from "@lingui/react/macro";
import { DoorClosed } from "lucide-react";
import { useEffect, useEffectEvent, useState } from "react";
import { useLocation } from "wouter";
import { describeFailure } from "@/client";
import { useClient } from "@/app/client";
import { instanceIn, paths } from "@/app/paths";
import { Blank } from "@/ui/Blank";
import { Button } from "@/ui/Button";
import { Gable } from "@/ui/Gable";

/** An address names an instance that this client has not met: asks whether one answers there, or says why it does not. */
export default function Abroad({ origin, onMet }: { origin: string; onMet: () => void }) {
  const { t } = useLingui();
  const client = useClient();
  const [location, go] = useLocation();
  const [refusal, setRefusal] = useState<{ code: string; detail: string } | null>(null);
  const [attempt, again] = useState(0);
  const meet = useEffectEvent(onMet);
  useEffect(() => {
    let current = true;
    client.add(origin).then(
      () => current && meet(),
      (error: unknown) => current && setRefusal(describeFailure(error)),
    );
    return () => void (current = false);
  }, [client, origin, attempt]);
  if (!refusal) return <main className="opening" aria-busy="true"><Gable /></main>;
  const { host } = new URL(origin);
  const there = origin + location.slice(instanceIn(location)?.base.length ?? 0);
  const closed = refusal.code === "origin.refused";
  return (
    <main className="door">
      <Blank
        icon={DoorClosed}
        title={closed ? t`${host} keeps to its own page` : t`${host} does not answer`}
        level={1}
        actions={
          <>
            {closed ? (
              <Button kind="primary" onClick={() => window.location.assign(there)}>{t`Open it there`}</Button>
            ) : (
              <Button kind="primary" onClick={() => { setRefusal(null); again(attempt + 1); }}>{t`Try again`}</Button>
            )}
            <Button kind="ghost" onClick={() => go(`~${paths.home}`)}>{t`Go home`}</Button>
          </>
        }
      >
        {closed ? (
          <Trans>Its operator has not allowed other pages to use it. You can go there and use it on its own page.</Trans>
        ) : (
          <Trans>It may be away for a moment, or there is no Hubbub at this address. Your other servers go on as before.</Trans>
        )}
      </Blank>
    </main>
  );
}
