import { plural } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import { Link, UserPlus } from "lucide-react";
import { useEffect, useEffectEvent, useState } from "react";
import { nameOf, type Invite } from "@/client";
import { useAct } from "@/app/act";
import { useActions, useHub } from "@/app/client";
import { fullTime } from "@/features/chat/times";
import InvitePeople from "@/features/rooms/InvitePeople";
import { Button } from "@/ui/Button";
import { FormError } from "@/ui/Field";
import { Icon } from "@/ui/Icon";
import { RowSkeleton } from "@/ui/Skeleton";

/** Links that are out, and how to take them back. */
export function Invites({ serverId }: { serverId: string }) {
  const { t } = useLingui();
  const { invites, revokeInvite } = useActions();
  const { run, words } = useAct();
  const [list, setList] = useState<readonly Invite[] | null>(null);
  const [inviting, invite] = useState(false);
  const load = () => void run(async () => setList(await invites(serverId)));
  const first = useEffectEvent(load);
  useEffect(() => first(), [serverId]);

  return (
    <>
      <p className="hint"><Trans>Whoever opens one of these links can come in. A revoked link stops at once.</Trans></p>
      <Button kind="soft" icon={UserPlus} onClick={() => invite(true)}>{t`Invite people`}</Button>
      {words && <FormError>{words}</FormError>}
      {!list && !words && <RowSkeleton rows={3} />}
      {list?.length === 0 && <p className="hint set-foot"><Trans>No link is out.</Trans></p>}
      <ul className="set-list set-foot">
        {list?.map((entry) => (
          <Line key={entry.token} invite={entry} onRevoke={() => void run(async () => { await revokeInvite(entry.token); setList((now) => now?.filter(({ token }) => token !== entry.token) ?? null); })} />
        ))}
      </ul>
      {inviting && <InvitePeople serverId={serverId} onClose={() => { invite(false); load(); }} />}
    </>
  );
}

function Line({ invite, onRevoke }: { invite: Invite; onRevoke: () => void }) {
  const { t } = useLingui();
  const by = useHub((state) => (invite.inviter_id ? nameOf(state, invite.inviter_id, invite.server_id) : null));
  const used = invite.max_uses ? t`${invite.uses} of ${invite.max_uses} used` : plural(invite.uses, { one: "# person came in", other: "# people came in" });
  const until = invite.expires_at ? t`until ${fullTime(Date.parse(invite.expires_at))}` : t`without end`;
  return (
    <li>
      <Icon of={Link} />
      <span className="t">
        <strong>{invite.url}</strong>
        <small>{[by && t`by ${by}`, used, until].filter(Boolean).join(", ")}</small>
      </span>
      <Button size="small" onClick={onRevoke} aria-label={t`Revoke ${invite.url}`}>{t`Revoke`}</Button>
    </li>
  );
}
