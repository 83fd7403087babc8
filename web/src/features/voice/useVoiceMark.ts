import { useCallback } from "react";
import { isSpeaking, type Call, type InstanceClient } from "@/client";
import { useClient, useInstance } from "@/app/client";
import { followLevel, markSpeaking } from "./levels";

/**
 * A ref for the element that shows somebody's voice. In your own call it follows the stream as it plays here;
 * in other rooms it follows what the instance says, at a constant level.
 */
export function useVoiceMark(roomId: string | null, userId: string) {
  const { call } = useClient();
  const instance = useInstance();
  return useCallback(
    (element: HTMLElement | null) => {
      if (!element || !roomId) return;
      let stop = noop;
      const choose = () => {
        stop();
        stop = call.store.getState().place?.channelId === roomId ? followHere(element, call, instance, userId) : followThere(element, instance, roomId, userId);
      };
      choose();
      let place = call.store.getState().place;
      const unsubscribe = call.store.subscribe((state) => {
        if (state.place === place) return;
        place = state.place;
        choose();
      });
      return () => {
        unsubscribe();
        stop();
      };
    },
    [call, instance, roomId, userId],
  );
}

function followHere(element: HTMLElement, call: Call, instance: InstanceClient, userId: string): () => void {
  const mine = instance.store.getState().me?.id === userId;
  return followLevel(element, mine ? () => ownLevel(call) : () => call.levelOf(userId));
}

/** Your own ring tells what others hear: nothing while muted or below the threshold. */
export function ownLevel(call: Call): number {
  return call.store.getState().transmitting ? call.level() : 0;
}

function followThere(element: HTMLElement, instance: InstanceClient, roomId: string, userId: string): () => void {
  const show = () => {
    const speaking = isSpeaking(instance.store.getState(), roomId, userId);
    if (speaking === ("speaking" in element.dataset)) return;
    element.style.setProperty("--l", speaking ? "0.6" : "0");
    markSpeaking(element, speaking);
  };
  show();
  const stop = instance.store.subscribe(show);
  return () => {
    stop();
    markSpeaking(element, false);
  };
}

function noop(): void {}
