/** A key-value store in IndexedDB, and one in memory where the browser has none (private windows, tests of other things). */

export interface Vault {
  get<T>(key: string): Promise<T | undefined>;
  put(key: string, value: unknown): Promise<void>;
  /** Removes every key that starts so. */
  clear(prefix: string): Promise<void>;
}

const storeName = "things";

/** Opens on first use. Whatever fails is an absent cache, never an error on the screen. */
export function indexedVault(name = "hubbub"): Vault {
  let opening: Promise<IDBDatabase> | null = null;
  const database = () => (opening ??= open(name));
  const run = async <T>(mode: IDBTransactionMode, body: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> => {
    const transaction = (await database()).transaction(storeName, mode, { durability: "relaxed" });
    const request = body(transaction.objectStore(storeName));
    transaction.commit(); // without waiting for the answer here: what a page writes as it goes would be rolled back with it
    return settled(request);
  };
  return {
    get: <T>(key: string) => run("readonly", (store) => store.get(key) as IDBRequest<T | undefined>).catch(() => undefined),
    async put(key, value) {
      await run("readwrite", (store) => store.put(value, key)).catch(() => undefined);
    },
    async clear(prefix) {
      await run("readwrite", (store) => store.delete(IDBKeyRange.bound(prefix, `${prefix}\uffff`))).catch(() => undefined);
    },
  };
}

export function memoryVault(): Vault {
  const held = new Map<string, unknown>();
  return {
    get: <T>(key: string) => Promise.resolve(held.get(key) as T | undefined),
    put(key, value) {
      held.set(key, structuredClone(value));
      return Promise.resolve();
    },
    clear(prefix) {
      for (const key of held.keys()) if (key.startsWith(prefix)) held.delete(key);
      return Promise.resolve();
    },
  };
}

function open(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.addEventListener("upgradeneeded", () => request.result.createObjectStore(storeName));
  return settled(request);
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener("success", () => resolve(request.result));
    request.addEventListener("error", () => reject(request.error ?? new Error("the browser's database failed")));
  });
}
