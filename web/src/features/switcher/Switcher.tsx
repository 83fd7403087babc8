import "@/styles/switcher.css";
import { Autocomplete } from "@base-ui/react/autocomplete";
import { Dialog } from "@base-ui/react/dialog";
import { Trans, useLingui } from "@lingui/react/macro";
import { Search } from "lucide-react";
import { useMemo, useRef, useState, type KeyboardEvent } from "react";
import { useClient } from "@/app/client";
import { Icon } from "@/ui/Icon";
import { Keys } from "@/ui/Keys";
import { HitRow } from "./HitRow";
import { recentPlaces } from "./recent";
import { indexOf, search, type Hit } from "./SwitcherModel";
import { useActionEntries, useChoose } from "./useChoose";

/** Go to anything: rooms, people and servers of all instances, and what can be done. Everything by the keyboard. */
export default function Switcher({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const { states } = useClient();
  const actions = useActionEntries();
  const [typed, type] = useState("");
  const index = useMemo(() => indexOf(states.getState(), actions), [states, actions]);
  const recent = useMemo(() => recentPlaces(), []);
  const hits = useMemo(() => search(index, typed, recent), [index, typed, recent]);
  const highlighted = useRef<Hit | undefined>(undefined);
  const choose = useChoose(onClose);

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Enter" || !event.shiftKey || !highlighted.current) return;
    event.preventDefault();
    choose(highlighted.current.entry, true);
  }

  return (
    <Dialog.Root open onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="scrim" />
        <Dialog.Popup className="dialog grow switch" aria-label={t`Go to`}>
          <Autocomplete.Root
            open
            inline
            mode="none"
            items={hits}
            value={typed}
            onValueChange={(next, { reason }) => reason !== "item-press" && type(next)}
            itemToStringValue={(hit: Hit) => hit.entry.name}
            autoHighlight="always"
            keepHighlight
            onItemHighlighted={(hit) => (highlighted.current = hit)}
          >
            <div className="sw-in">
              <Icon of={Search} />
              <Autocomplete.Input aria-label={t`Go to a room, person or server`} placeholder={t`Go to a room, person or server`} onKeyDown={onKeyDown} />
              <Dialog.Close className="sw-esc" aria-label={t`Close, Esc`}><kbd>Esc</kbd></Dialog.Close>
            </div>
            <Autocomplete.Status className="vh">{hits.length === 0 && t`Nothing has that name`}</Autocomplete.Status>
            {hits.length === 0 && <p className="sw-none"><Trans>Nothing has that name. Try fewer letters.</Trans></p>}
            <Autocomplete.List className="sw-list" aria-label={t`Results`}>
              {(hit: Hit) => (
                <Autocomplete.Item key={hit.entry.key} value={hit} className="sw-hit" onClick={() => choose(hit.entry, false)}>
                  <HitRow hit={hit} />
                </Autocomplete.Item>
              )}
            </Autocomplete.List>
          </Autocomplete.Root>
          <div className="sw-foot" aria-hidden>
            <span><Keys combination="ArrowUp" /><Keys combination="ArrowDown" /> <Trans>move</Trans></span>
            <span><Keys combination="Enter" /> <Trans>go</Trans></span>
            <span><Keys combination="Shift+Enter" /> <Trans>join, stay here</Trans></span>
            <span className="r"><Trans># rooms, @ people, &gt; actions</Trans></span>
          </div>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
