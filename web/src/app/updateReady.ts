import { createStore } from "zustand/vanilla";

/** Another version of the client is on this device and waits; `updates.ts` finds out, the rail offers it. */
export const updateReady = createStore<boolean>(() => false);
