import { Trans, useLingui } from "@lingui/react/macro";
import { useStore } from "zustand";
import { allowSingleKeys, singleKeysOn } from "@/app/singleKeys";
import { Keys } from "@/ui/Keys";
import { Switch } from "@/ui/Switch";

/** Every shortcut there is. */
export function KeysPage() {
  const { t } = useLingui();
  const single = useStore(singleKeysOn);
  return (
    <>
      <Switch label={t`Single keys in a call`} hint={t`M, D and V act with a call open, and never while you type.`} checked={single} onChecked={allowSingleKeys} />
      <Sheet title={t`Get around`} rows={[[t`Room above, below`, "Alt+↑", "Alt+↓"], [t`Unread above, below`, "Alt+Shift+↑", "Alt+Shift+↓"], [t`Server above, below`, "Ctrl+Alt+↑", "Ctrl+Alt+↓"], [t`Between regions`, "F6", "Shift+F6"]]} />
      <Sheet title={t`Talk`} rows={[[t`Mute`, "M"], [t`Deafen`, "D"], [t`Camera`, "V"], [t`Push to talk, hold`, t`Space, or your key`]]} />
      <Sheet title={t`Write`} rows={[[t`Send`, "Enter"], [t`New line`, "Shift+Enter"], [t`Edit your last message`, "↑"]]} />
      <Sheet title={t`Read`} rows={[[t`Mark room read`, "Esc"], [t`Mark server read`, "Shift+Esc"], [t`Reply to the focused message`, "R"], [t`Edit the focused message`, "E"]]} />
      <p className="hint set-foot"><Trans>On a Mac, ⌘ stands for Ctrl.</Trans></p>
    </>
  );
}

function Sheet({ title, rows }: { title: string; rows: [string, ...string[]][] }) {
  return (
    <>
      <h2>{title}</h2>
      <dl className="set-list keys">
        {rows.map(([words, ...combinations]) => (
          <div key={words}>
            <dt>{words}</dt>
            <dd>{combinations.map((combination) => <Keys key={combination} combination={combination} />)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
