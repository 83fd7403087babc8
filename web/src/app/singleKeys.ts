import type { Call } from "@/client";
import { isSingle, shortcutFor, singleKeysOn, type ShortcutId } from "./keys";
import { comboOf, isTyping, usesSpace } from "./ShortcutModel";

/** In a text field this pastes without formats, in every browser. */
const PASTE_PLAIN = "Ctrl+Shift+V";

/** Keys of the call and the talk key: with a call open, letters never while somebody types. Until `gone` says so. */
export function singleKeys(call: Call, gone: AbortSignal): void {
  if (gone.aborted) return;
  const acts: Partial<Record<ShortcutId, () => void>> = {
    mute: () => call.setMute(!call.store.getState().selfMute),
    deafen: () => call.setDeaf(!call.store.getState().selfDeaf),
    camera: () => void call.setCamera(call.store.getState().camera === "off").catch(() => undefined),
  };

  function onKeyDown(event: KeyboardEvent): void {
    if (!call.store.getState().place || event.defaultPrevented) return;
    if (talks(call, event) && !usesSpace(event.target)) {
      event.preventDefault(); // also where a button has the focus: the key talks, it does not press
      if (!event.repeat) call.pressTalk();
      return;
    }
    const combo = comboOf(event);
    const meant = shortcutFor("call", combo);
    const act = meant && acts[meant.id];
    if (!act || event.repeat) return;
    if (isSingle(combo) && (!singleKeysOn.getState() || isTyping(event.target) || usesSpace(event.target))) return;
    if (combo === PASTE_PLAIN && isTyping(event.target)) return;
    event.preventDefault();
    act();
  }

  function onKeyUp(event: KeyboardEvent): void {
    if (event.code !== call.settings.getState().pushKey) return;
    if (talks(call, event)) event.preventDefault();
    call.releaseTalk(); // wherever the focus went meanwhile
  }

  const release = () => call.releaseAll(); // the key-up will never reach this window
  window.addEventListener("keydown", onKeyDown, { capture: true, signal: gone }); // before a list takes the letter for its type-ahead
  window.addEventListener("keyup", onKeyUp, { signal: gone });
  window.addEventListener("blur", release, { signal: gone });
}

function talks(call: Call, event: KeyboardEvent): boolean {
  const { mode, pushKey } = call.settings.getState();
  return mode === "push" && event.code === pushKey && !isTyping(event.target) && call.store.getState().place !== null;
}
