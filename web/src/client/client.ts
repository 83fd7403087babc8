/** The client of this page: its instances, what they share of the window, and the one call. */

import { createStore, type StoreApi } from "zustand/vanilla";

import { toOrigin } from "./addresses";
import type { Client, Directory, InstanceClient } from "./api";
import { indexedVault, memoryVault, type Vault } from "./cache/indexed";
import { deviceName, hasAttention, watchWindow } from "./window";
import { HubbubInstance } from "./instance";
import { browserShelf, type Shelf } from "./storage";
import type { Call } from "./voice/api";
import { createCall } from "./voice/call";

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
  readonly home: HubbubInstance;
  readonly call: Call;

  #shelf: Shelf;
  #vault: Vault;
  #instances = new Map<string, HubbubInstance>();
  #unwatch: () => void;

  constructor(options: ClientOptions) {
    const own = options.origin ?? location.origin;
    this.#shelf = options.shelf ?? browserShelf();
    this.#vault = options.vault ?? ("indexedDB" in globalThis ? indexedVault() : memoryVault());
    const others = (this.#shelf.read<string[]>(directoryKey) ?? []).filter((origin) => origin !== own);
    this.directory = createStore<Directory>(() => ({ origins: [own, ...others] }));
    this.home = this.#open(own);
    for (const origin of others) this.#open(origin);
    for (const instance of this.#instances.values()) void instance.start();
    this.call = createCall({ instance: (origin) => this.#instances.get(origin) ?? null, shelf: this.#shelf });
    this.#unwatch = watchWindow(() => this.#instances.values());
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
      this.#instances.delete(origin);
      made.dispose();
      throw error;
    }
    await made.start();
    this.#list([...this.directory.getState().origins, origin]);
    return made;
  }

  remove(origin: string): void {
    const instance = this.#instances.get(origin);
    if (!instance || instance === this.home) return;
    this.#instances.delete(origin);
    this.#list(this.directory.getState().origins.filter((other) => other !== origin));
    void instance.actions.logout().finally(() => instance.dispose());
  }

  dispose(): void {
    this.#unwatch();
    this.call.dispose();
    for (const instance of this.#instances.values()) instance.dispose();
  }

  #open(origin: string): HubbubInstance {
    const made = new HubbubInstance(origin, { shelf: this.#shelf, vault: this.#vault, device: deviceName() });
    this.#instances.set(origin, made);
    made.focus(hasAttention());
    return made;
  }

  #list(origins: readonly string[]): void {
    this.#shelf.write(directoryKey, origins);
    this.directory.setState({ origins });
  }
}
