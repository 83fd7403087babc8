import { createContext, use, type ReactNode } from "react";
import { useStore } from "zustand";
import { useShallow } from "zustand/react/shallow";
import { outside } from "./paths";
import type { Actions, CallState, Client, InstanceClient, InstanceState, VoiceSettings } from "@/client";

const Context = createContext<Client | null>(null);
const Scope = createContext<InstanceClient | null>(null);

export function ClientProvider({ client, children }: { client: Client; children: ReactNode }) {
  return <Context value={client}>{children}</Context>;
}

export function useClient(): Client {
  const client = use(Context);
  if (!client) throw new Error("ClientProvider is missing");
  return client;
}

/** Everything below speaks of one instance: what the address names, whose server a row shows, where the call is. */
export function InstanceScope({ origin, children }: { origin: string; children: ReactNode }) {
  const client = useClient();
  const instance = client.instance(origin) ?? client.home;
  return <Scope value={instance}>{children}</Scope>;
}

/** The instance that this part of the screen shows; outside of any scope the one that served the page. */
export function useInstance(): InstanceClient {
  const { home } = useClient();
  return use(Scope) ?? home;
}

/** One answer per instance of the directory, in its order. The selector must return the same thing until what it answers changes. */
export function useEvery<Part>(select: (state: InstanceState) => Part): readonly Part[] {
  return useStore(useClient().states, useShallow((states: readonly InstanceState[]) => states.map(select)));
}

/** Addresses that leave the base of the router: into another instance, or out of one. */
export function useHref(): (origin: string, path: string) => string {
  const { home } = useClient();
  return (origin, path) => outside(home.origin, origin, path);
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
