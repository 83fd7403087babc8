import { createStore } from "zustand/vanilla";
import type { Call } from "@/client";
import { isTyping, usesSpace } from "./ShortcutModel";

const KEY = "hubbub.single-keys";

/** One switch turns the single keys off (they may collide with speech input). */
export const singleKeysOn = createStore<boolean>(() => localStorage.getItem(KEY) !== "off");

export function allowSingleKeys(on: boolean): void {
  singleKeysOn.setState(on, true);
  localStorage.setItem(KEY, on ? "on" : "off");
}

/** M, D, V and the talk key: with a call open, and never while somebody types. Returns how to stop. */
export function singleKeys(call: Call): () => void {
  const toggles: Record<string, () => void> = {
    m: () => call.setMute(!call.store.getState().selfMute),
    d: () => call.setDeaf(!call.store.getState().selfDeaf),
    v: () => void call.setCamera(call.store.getState().camera === "off").catch(() => undefined),
  };

  function onKeyDown(event: KeyboardEvent): void {
    if (!call.store.getState().place || isTyping(event.target) || event.defaultPrevented) return;
    if (talks(call, event) && !usesSpace(event.target)) {
      event.preventDefault(); // also where a button has the focus: the key talks, it does not press
      if (!event.repeat) call.pressTalk();
      return;
    }
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey && !event.repeat;
    const toggle = plain && singleKeysOn.getState() ? toggles[event.key.toLowerCase()] : undefined;
    if (!toggle || usesSpace(event.target)) return;
    event.preventDefault();
    toggle();
  }

  function onKeyUp(event: KeyboardEvent): void {
    if (event.code !== call.settings.getState().pushKey) return;
    if (talks(call, event)) event.preventDefault();
    call.releaseTalk(); // wherever the focus went meanwhile
  }

  const release = () => call.releaseAll(); // the key-up will never reach this window
  window.addEventListener("keydown", onKeyDown, true); // before a list takes the letter for its type-ahead
  window.addEventListener("keyup", onKeyUp);
  window.addEventListener("blur", release);
  return () => {
    window.removeEventListener("keydown", onKeyDown, true);
    window.removeEventListener("keyup", onKeyUp);
    window.removeEventListener("blur", release);
  };
}

function talks(call: Call, event: KeyboardEvent): boolean {
  const { mode, pushKey } = call.settings.getState();
  return mode === "push" && event.code === pushKey && !isTyping(event.target) && call.store.getState().place !== null;
}
