import "@/styles/keys.css";
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import { useLingui as useCatalogue } from "@lingui/react";
import { Fragment } from "react";
import { SHORTCUTS, type ShortcutId } from "@/app/keys";
import { useVoiceSettings } from "@/app/client";
import { Keys } from "@/ui/Keys";
import { keyName } from "@/ui/keyName";

const GROUPS = { around: msg`Get around`, talk: msg`Talk`, write: msg`Write`, read: msg`Read` };

/** What each of them does. Complete: a shortcut without words does not compile. */
const WORDS: Record<ShortcutId, { group: keyof typeof GROUPS; words: MessageDescriptor }> = {
  goTo: { group: "around", words: msg`Go to anything` },
  room: { group: "around", words: msg`Room above, below` },
  unread: { group: "around", words: msg`Unread above, below` },
  server: { group: "around", words: msg`Server above, below` },
  region: { group: "around", words: msg`Next, previous region` },
  sheet: { group: "around", words: msg`This list` },
  mute: { group: "talk", words: msg`Mute` },
  deafen: { group: "talk", words: msg`Deafen` },
  camera: { group: "talk", words: msg`Camera` },
  send: { group: "write", words: msg`Send` },
  newLine: { group: "write", words: msg`New line` },
  editLast: { group: "write", words: msg`Edit your last message` },
  markRoom: { group: "read", words: msg`Mark room read` },
  markServer: { group: "read", words: msg`Mark server read` },
  reply: { group: "read", words: msg`Reply to the focused message` },
  edit: { group: "read", words: msg`Edit the focused message` },
};

/** The table of shortcuts, in four groups. `level` of their headings: below a dialog's title, or below the page's. */
export function KeyTable({ level }: { level: 2 | 3 }) {
  const Heading = `h${level}` as const;
  const { _ } = useCatalogue();
  return (
    <div className="key-groups">
      {Object.entries(GROUPS).map(([group, title]) => (
        <section key={group}>
          <Heading className="key-h">{_(title)}</Heading>
          <dl>
            {group === "talk" && <PushToTalk />}
            {(Object.keys(SHORTCUTS) as ShortcutId[])
              .filter((id) => WORDS[id].group === group)
              .map((id) => (
                <Row key={id} words={_(WORDS[id].words)} keys={SHORTCUTS[id].keys} />
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
