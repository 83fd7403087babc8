/** What the instance says about the room of a call while the call is there. */

import type { StoreApi } from "zustand/vanilla";

import type { Rest } from "../rest";
import { rosterOf } from "../selectors";
import type { InstanceState } from "../state";
import type { GatewayEvent, Id, VoiceState } from "../wire";

/** What a call needs of an instance. */
export interface CallInstance {
  readonly store: StoreApi<InstanceState>;
  readonly rest: Pick<Rest, "ask">;
  sendVoice(flags: { self_mute: boolean; self_deaf: boolean }): void;
  listen(listener: (event: GatewayEvent) => void): () => void;
  onUp(listener: () => void): () => void;
}

export interface SeatEvents {
  /** Your own state changed: flags of a moderator, another room, none. */
  mine(state: VoiceState): void;
  /** A new gateway session stated everything; null: you have no seat. */
  stated(state: VoiceState | null): void;
  came(): void;
  went(): void;
  /** Events flow again: time to say what could not be said. */
  up(): void;
}

/** Returns the end of watching. */
export function watchSeat(instance: CallInstance, channelId: Id, events: SeatEvents): () => void {
  const { store } = instance;
  const count = () => rosterOf(store.getState(), channelId).length;
  let around = count();
  const unlisten = instance.listen((event) => {
    const me = store.getState().me?.id ?? "";
    if (event.t === "READY") {
      const seat = store.getState().voiceStates[me];
      around = count();
      events.stated(seat?.channel_id ? seat : null);
    }
    if (event.t !== "VOICE_STATE_UPDATE") return;
    const now = count();
    const before = around;
    around = now;
    if (event.d.user_id === me) events.mine(event.d);
    else if (now > before) events.came();
    else if (now < before) events.went();
  });
  const unUp = instance.onUp(events.up);
  return () => {
    unlisten();
    unUp();
  };
}
