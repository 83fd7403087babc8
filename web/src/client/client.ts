/** The client of this page: its instances, what they share of the window, and the one call. */

import { createStore, type StoreApi } from "zustand/vanilla";

import { toOrigin } from "./addresses";
import type { Client, Directory, InstanceClient } from "./api";
import { indexedVault, memoryVault, type Vault } from "./cache/indexed";
import { deviceName, hasAttention, watchWindow } from "./window";
import { HubbubInstance } from "./instance";
import type { InstanceState } from "./state";
import { browserShelf, type Shelf } from "./storage";
import { callLater } from "./voice/later";

const directoryKey = "hubbub.instances";

export interface ClientOptions {
  /** Of the instance that served the page; default: the page's own. */
  readonly origin?: string;
  readonly shelf?: Shelf;
  readonly vault?: Vault;
}

/** Starts at once: stored sessions connect, cached content is painted. */
export function createClient(options: ClientOptions = {}): Client {
  return new HubbubClient(options);
}

class HubbubClient implements Client {
  readonly directory: StoreApi<Directory>;
  readonly states: StoreApi<readonly InstanceState[]>;
  readonly home: HubbubInstance;
  readonly call: ReturnType<typeof callLater>;

  #shelf: Shelf;
  #vault: Vault;
  #instances = new Map<string, HubbubInstance>();
  #ends: (() => void)[];

  constructor(options: ClientOptions) {
    const own = options.origin ?? location.origin;
    this.#shelf = options.shelf ?? browserShelf();
    this.#vault = options.vault ?? ("indexedDB" in globalThis ? indexedVault() : memoryVault());
    this.directory = createStore<Directory>(() => ({ origins: [own, ...this.#stored(own)] }));
    this.states = createStore<readonly InstanceState[]>(() => []);
    this.home = this.#open(own);
    for (const origin of this.#stored(own)) this.#open(origin);
    this.#gather();
    for (const instance of this.#instances.values()) void instance.start();
    this.call = callLater({ instance: (origin) => this.#instances.get(origin) ?? null, shelf: this.#shelf });
    this.#ends = [watchWindow(() => this.#instances.values()), this.#shelf.watch((key) => key === directoryKey && this.#follow())];
  }

  instance(origin: string): HubbubInstance | null {
    return this.#instances.get(origin) ?? null;
  }

  async add(address: string): Promise<InstanceClient> {
    const origin = toOrigin(address);
    const known = this.#instances.get(origin);
    if (known) return known;
    const made = this.#open(origin);
    try {
      await made.describe();
    } catch (error) {
      this.#close(made);
      throw error;
    }
    await made.start();
    return made;
  }

  remove(origin: string): void {
    const instance = this.#instances.get(origin);
    if (!instance || instance === this.home) return;
    this.#list(this.directory.getState().origins.filter((other) => other !== origin));
    if (this.call.store.getState().place?.origin === origin) void this.call.leave();
    void instance.actions.logout().finally(() => {
      this.#close(instance);
      this.#shelf.erase(`hubbub.presence.${origin}`);
    });
  }

  warmCall(): void {
    void this.call.warm();
  }

  dispose(): void {
    for (const end of this.#ends) end();
    this.call.dispose();
    for (const instance of this.#instances.values()) instance.dispose();
  }

  /** An instance is kept once somebody signed in there: looking at an invite leaves nothing behind. */
  #open(origin: string): HubbubInstance {
    const made = new HubbubInstance(origin, { shelf: this.#shelf, vault: this.#vault, device: deviceName() });
    this.#instances.set(origin, made);
    made.focus(hasAttention());
    made.store.subscribe((state, previous) => {
      const { origins } = this.directory.getState();
      const entered = state.account.phase === "signed-in" && previous.account.phase !== "signed-in";
      if (entered && !origins.includes(origin) && this.#instances.get(origin) === made) this.#list([...origins, origin]);
      else this.#gather();
    });
    return made;
  }

  #close(instance: HubbubInstance): void {
    if (this.#instances.get(instance.origin) === instance) this.#instances.delete(instance.origin);
    instance.dispose();
  }

  #stored(own: string): string[] {
    return (this.#shelf.read<string[]>(directoryKey) ?? []).filter((origin) => origin !== own);
  }

  #list(origins: readonly string[]): void {
    this.#shelf.write(directoryKey, origins);
    this.directory.setState({ origins });
    this.#gather();
  }

  /** Another tab added or removed an instance. */
  #follow(): void {
    const own = this.home.origin;
    const origins = [own, ...this.#stored(own)];
    const gone = this.directory.getState().origins.filter((origin) => !origins.includes(origin));
    this.directory.setState({ origins });
    for (const origin of origins) if (!this.#instances.has(origin)) void this.#open(origin).start();
    for (const origin of gone) {
      const instance = this.#instances.get(origin);
      if (instance) this.#close(instance);
    }
    this.#gather();
  }

  #gather(): void {
    const next = this.directory.getState().origins.flatMap((origin) => this.#instances.get(origin)?.store.getState() ?? []);
    const held = this.states.getState();
    if (next.length !== held.length || next.some((state, index) => state !== held[index])) this.states.setState(next, true);
  }
}
