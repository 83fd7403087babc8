/**
 * The tokens of one instance on this device, shared by its tabs. A refresh token is good once, so tabs take turns (Web
 * Locks) and whoever waited finds the new pair already there. Without locks (pages without TLS) the instance's ten
 * seconds of patience with a repeated token cover two tabs.
 *
 * They lie in localStorage as they are: whoever can read it runs as the person on this device anyway.
 */

import { Offline, Problem } from "./errors";
import type { Shelf } from "./storage";
import type { Id, Tokens } from "./wire";

interface Held {
  readonly access: string;
  readonly refresh: string;
  /** ms of Date.now() on this device. */
  readonly expiresAt: number;
  readonly userId: Id;
}

/** A token that ends within this many milliseconds is renewed first. */
const margin = 30_000;

type Lock = <T>(name: string, body: () => Promise<T>) => Promise<T>;

export class TokenKeeper {
  /** Called when somebody signed in or out, here or in another tab. */
  onChange: (() => void) | null = null;

  #key: string;
  #shelf: Shelf;
  #now: () => number;
  #lock: Lock;
  #refresh: (token: string) => Promise<Tokens>;
  #flight: Promise<string | null> | null = null;
  #unwatch: () => void;

  /** `refresh` asks the instance; it throws `Problem` or `Offline`. */
  constructor(origin: string, shelf: Shelf, refresh: (token: string) => Promise<Tokens>, options: { now?: () => number; lock?: Lock } = {}) {
    this.#key = `hubbub.tokens.${origin}`;
    this.#shelf = shelf;
    this.#refresh = refresh;
    this.#now = options.now ?? Date.now;
    this.#lock = options.lock ?? webLock;
    let user = this.userId();
    this.#unwatch = shelf.watch((key) => {
      if (key !== this.#key || this.userId() === user) return;
      user = this.userId();
      this.onChange?.();
    });
  }

  userId(): Id | null {
    return this.#held()?.userId ?? null;
  }

  keep(tokens: Tokens): void {
    const held: Held = {
      access: tokens.access_token,
      refresh: tokens.refresh_token,
      expiresAt: this.#now() + tokens.expires_in * 1000,
      userId: tokens.user.id,
    };
    this.#shelf.write(this.#key, held);
  }

  forget(): void {
    this.#shelf.erase(this.#key);
  }

  /** A token that will last for a request; null: nobody is signed in. Throws `Offline`. */
  async access(): Promise<string | null> {
    const held = this.#held();
    if (!held) return null;
    return held.expiresAt - this.#now() > margin ? held.access : this.renew(held.access);
  }

  /** Another token than this one, which was refused. null: the session is over. Throws `Offline`. */
  renew(refused: string): Promise<string | null> {
    this.#flight ??= this.#lock(this.#key, () => this.#renewed(refused)).finally(() => {
      this.#flight = null;
    });
    return this.#flight;
  }

  dispose(): void {
    this.#unwatch();
  }

  async #renewed(refused: string): Promise<string | null> {
    const held = this.#held();
    if (!held) return null;
    if (held.access !== refused) return held.access;
    try {
      this.keep(await this.#refresh(held.refresh));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (error.status === 429 || error.status >= 500) throw new Offline(error);
      this.forget();
    }
    return this.#held()?.access ?? null;
  }

  #held(): Held | null {
    return this.#shelf.read<Held>(this.#key);
  }
}

function webLock<T>(name: string, body: () => Promise<T>): Promise<T> {
  return "locks" in navigator ? (navigator.locks.request(name, body) as Promise<T>) : body();
}
