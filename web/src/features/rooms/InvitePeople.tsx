import "@/styles/forms.css";
import { plural } from "@lingui/core/macro";
import { useLingui } from "@lingui/react/macro";
import { Check, Copy } from "lucide-react";
import { useEffect, useEffectEvent, useState } from "react";
import type { Invite } from "@/client";
import { useAct } from "@/app/act";
import { useActions, useHub } from "@/app/client";
import { copyText } from "@/app/clipboard";
import { LIFETIMES, USES } from "@/features/servers/InviteModel";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { FormError } from "@/ui/Field";
import { Select } from "@/ui/Select";

/** A link to give away. One is made at once with a week to live; other terms make another. */
export default function InvitePeople({ serverId, onClose }: { serverId: string; onClose: () => void }) {
  const { t } = useLingui();
  const name = useHub((state) => state.servers[serverId]?.name ?? "");
  const { createInvite } = useActions();
  const { run, words, busy } = useAct();
  const [lifetime, setLifetime] = useState("604800");
  const [uses, setUses] = useState("0");
  const [invite, setInvite] = useState<Invite | null>(null);

  const make = () => void run(async () => setInvite(await createInvite(serverId, { max_age: Number(lifetime), max_uses: Number(uses) })));
  const first = useEffectEvent(make);
  useEffect(() => first(), []);

  const lifetimes = LIFETIMES.map((seconds) => ({ value: String(seconds), label: sayLifetime(seconds, t`Never ends`) }));
  const limits = USES.map((count) => ({ value: String(count), label: count ? plural(count, { one: "# person", other: "# people" }) : t`Anybody who has it` }));
  return (
    <Dialog open title={t`Invite people to ${name}`} lead={t`Whoever opens the link sees who is here, then makes an account and is inside.`} closeLabel={t`Close`} onClose={onClose}>
      {words && <FormError>{words}</FormError>}
      <div className="link-box">
        <output aria-label={t`Invite link`}>{invite?.url ?? "…"}</output>
        <CopyButton text={invite?.url ?? ""} />
      </div>
      <div className="two">
        <div className="set-row">
          <span>{t`Works for`}</span>
          <Select label={t`Works for`} value={lifetime} onValue={setLifetime} options={lifetimes} />
        </div>
        <div className="set-row">
          <span>{t`Lets in`}</span>
          <Select label={t`Lets in`} value={uses} onValue={setUses} options={limits} />
        </div>
      </div>
      <div className="dialog-foot">
        <Button kind="ghost" busy={busy} onClick={make}>{t`Make a new link`}</Button>
        <Button kind="primary" onClick={onClose}>{t`Done`}</Button>
      </div>
    </Dialog>
  );
}

function sayLifetime(seconds: number, never: string): string {
  if (seconds === 0) return never;
  if (seconds < 86_400) return plural(seconds / 3600, { one: "# hour", other: "# hours" });
  return plural(seconds / 86_400, { one: "# day", other: "# days" });
}

function CopyButton({ text }: { text: string }) {
  const { t } = useLingui();
  const [copied, setCopied] = useState(false);
  return (
    <Button
      kind="soft"
      icon={copied ? Check : Copy}
      aria-disabled={!text}
      onClick={() => void copyText(text).then(() => setCopied(true))}
      onBlur={() => setCopied(false)}
    >
      {copied ? t`Copied` : t`Copy`}
    </Button>
  );
}
