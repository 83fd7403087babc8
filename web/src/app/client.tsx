import { createContext, use, type ReactNode } from "react";
import { useStore } from "zustand";
import { useShallow } from "zustand/react/shallow";
import type { Actions, CallState, Client, InstanceClient, InstanceState, VoiceSettings } from "@/client";

const Context = createContext<Client | null>(null);

export function ClientProvider({ client, children }: { client: Client; children: ReactNode }) {
  return <Context value={client}>{children}</Context>;
}

export function useClient(): Client {
  const client = use(Context);
  if (!client) throw new Error("ClientProvider is missing");
  return client;
}

/** The instance on the screen: so far always the one that served the page. */
export function useInstance(): InstanceClient {
  return useClient().home;
}

export function useActions(): Actions {
  return useInstance().actions;
}

/** A part of the instance's state. The selector must return the same thing until what it answers changes. */
export function useHub<Part>(select: (state: InstanceState) => Part): Part {
  return useStore(useInstance().store, select);
}

/** For selectors that build a new list or record each time: compared one level deep. */
export function useHubShallow<Part>(select: (state: InstanceState) => Part): Part {
  return useStore(useInstance().store, useShallow(select));
}

export function useCall<Part>(select: (state: CallState) => Part): Part {
  return useStore(useClient().call.store, select);
}

export function useVoiceSettings<Part>(select: (state: VoiceSettings) => Part): Part {
  return useStore(useClient().call.settings, select);
}
