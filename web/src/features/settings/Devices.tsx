import { Trans, useLingui } from "@lingui/react/macro";
import { Monitor } from "lucide-react";
import { useEffect, useEffectEvent, useState } from "react";
import type { LoginSession } from "@/client";
import { useAct } from "@/app/act";
import { useActions } from "@/app/client";
import { fullTime } from "@/features/chat/times";
import { Button } from "@/ui/Button";
import { FormError } from "@/ui/Field";
import { Icon } from "@/ui/Icon";
import { RowSkeleton } from "@/ui/Skeleton";

/** Where this account is logged in. */
export function Devices() {
  const { t } = useLingui();
  const { sessions, endSession } = useActions();
  const { run, words } = useAct();
  const [list, setList] = useState<readonly LoginSession[] | null>(null);

  const load = useEffectEvent(() => void run(async () => setList(await sessions())));
  useEffect(() => load(), []);

  const end = (id: string) =>
    void run(async () => {
      await endSession(id);
      setList((now) => now?.filter((session) => session.id !== id) ?? null);
    });

  return (
    <>
      <p className="hint"><Trans>Every browser and program that is logged in as you. End what you do not know, then change the password.</Trans></p>
      {words && <FormError>{words}</FormError>}
      {!list && !words && <RowSkeleton rows={3} />}
      <ul className="set-list">
        {list?.toSorted((a, b) => Number(b.current) - Number(a.current) || Date.parse(b.last_used_at) - Date.parse(a.last_used_at)).map((session) => (
          <li key={session.id}>
            <Icon of={Monitor} />
            <span className="t">
              <strong>{session.device || t`Unnamed device`}</strong>
              <small><Trans>{session.address}, last here {fullTime(Date.parse(session.last_used_at))}</Trans></small>
            </span>
            {session.current ? <span className="here"><Trans>This one</Trans></span> : <Button size="small" onClick={() => end(session.id)} aria-label={t`Log out ${session.device || t`this device`}`}><Trans>Log out</Trans></Button>}
          </li>
        ))}
      </ul>
    </>
  );
}
