import "@/styles/keys.css";
import { msg } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import { useLingui as useCatalogue } from "@lingui/react";
import { Fragment } from "react";
import { SHORTCUTS, type Shortcut } from "@/app/keys";
import { useVoiceSettings } from "@/app/client";
import { Keys } from "@/ui/Keys";
import { keyName } from "@/ui/keyName";

const GROUPS = { around: msg`Get around`, talk: msg`Talk`, write: msg`Write`, read: msg`Read` };

/** The table of shortcuts, in four groups. */
export function KeyTable() {
  const { _ } = useCatalogue();
  return (
    <div className="key-groups">
      {Object.entries(GROUPS).map(([group, title]) => (
        <section key={group}>
          <h3>{_(title)}</h3>
          <dl>
            {group === "talk" && <PushToTalk />}
            {Object.entries<Shortcut>(SHORTCUTS)
              .filter(([, shortcut]) => shortcut.group === group)
              .map(([id, { words, keys }]) => (
                <Row key={id} words={_(words)} keys={keys} />
              ))}
          </dl>
          {group === "talk" && <p><Trans>Single keys work with a call open and never while you type. Turn them off in Your settings, Keys.</Trans></p>}
        </section>
      ))}
    </div>
  );
}

function PushToTalk() {
  const { t } = useLingui();
  const key = useVoiceSettings((state) => state.pushKey);
  return <Row words={t`Push to talk, hold`} keys={[keyName(key)]} />;
}

function Row({ words, keys }: { words: string; keys: readonly string[] }) {
  return (
    <div>
      <dt>{words}</dt>
      <dd>
        {keys.map((combination, index) => (
          <Fragment key={combination}>
            {index > 0 && <i><Trans>or</Trans></i>}
            <Keys combination={combination} />
          </Fragment>
        ))}
      </dd>
    </div>
  );
}
