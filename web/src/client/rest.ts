/** REST of one instance. Every call ends in a value, a `Problem` or `Offline`; nothing else is thrown. */

import { Offline, Problem } from "./errors";
import { uuid } from "./nonce";
import type { TokenKeeper } from "./tokens";
import type { ProblemBody } from "./wire";

export type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

export interface Ask {
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string | number | null | undefined>>;
  /** No token is sent. */
  readonly open?: boolean;
}

/** Milliseconds until an instance counts as not answering. */
const patience = 20_000;

export class Rest {
  #base: string;
  #tokens: Pick<TokenKeeper, "access" | "renew"> | null = null;
  #fetch: typeof fetch;

  constructor(origin: string, fetcher: typeof fetch = (...args) => fetch(...args)) {
    this.#base = `${origin}/api`;
    this.#fetch = fetcher;
  }

  /** Tokens need REST to be refreshed, so they come second. */
  authorize(tokens: Pick<TokenKeeper, "access" | "renew">): void {
    this.#tokens = tokens;
  }

  get<T>(path: string, query?: Ask["query"]): Promise<T> {
    return this.ask("GET", path, query ? { query } : {});
  }

  /** A token that the instance refuses is renewed once, whatever the method: nothing was done. */
  async ask<T>(method: Method, path: string, ask: Ask = {}): Promise<T> {
    const key = method === "GET" ? null : uuid();
    if (ask.open) return this.#once(method, path, ask, key, null);
    const token = (await this.#tokens?.access()) ?? null;
    if (token === null) throw new Problem({ code: "auth.required", status: 401, detail: "Log in first." });
    try {
      return await this.#once<T>(method, path, ask, key, token);
    } catch (error) {
      if (!(error instanceof Problem) || error.status !== 401) throw error;
      const renewed = await this.#tokens?.renew(token);
      if (!renewed) throw error;
      return this.#once(method, path, ask, key, renewed);
    }
  }

  async #once<T>(method: Method, path: string, ask: Ask, key: string | null, token: string | null): Promise<T> {
    const headers = new Headers({ Accept: "application/json" });
    if (token !== null) headers.set("Authorization", `Bearer ${token}`);
    if (key !== null) headers.set("Idempotency-Key", key);
    if (ask.body !== undefined) headers.set("Content-Type", "application/json");
    const body = ask.body === undefined ? null : JSON.stringify(ask.body);
    const request = { method, headers, body, credentials: "omit", signal: AbortSignal.timeout(patience) } as const;
    const answer = await this.#answer(this.#url(path, ask.query), request);
    if (!answer.ok) throw failure(answer.status, answer.text);
    return (answer.text === "" ? undefined : json(answer.text)) as T;
  }

  async #answer(url: string, request: RequestInit): Promise<{ ok: boolean; status: number; text: string }> {
    try {
      const response = await this.#fetch(url, request);
      return { ok: response.ok, status: response.status, text: await response.text() };
    } catch (error) {
      throw new Offline(error);
    }
  }

  #url(path: string, query: Ask["query"] = {}): string {
    const pairs = Object.entries(query).flatMap(([name, value]) => (value === null || value === undefined ? [] : [[name, String(value)]]));
    return `${this.#base}${path}${pairs.length > 0 ? `?${new URLSearchParams(pairs)}` : ""}`;
  }
}

/** Paths with their parts escaped: at`/channels/${id}/messages`. */
export function at(parts: TemplateStringsArray, ...values: readonly string[]): string {
  return String.raw({ raw: parts }, ...values.map(encodeURIComponent));
}

/** What is not the instance's own problem document comes from something in between, which is no answer. */
function failure(status: number, text: string): Problem | Offline {
  let body: Partial<ProblemBody> | null;
  try {
    body = JSON.parse(text) as Partial<ProblemBody>;
  } catch {
    body = null;
  }
  if (typeof body?.code === "string") return new Problem({ ...body, code: body.code, status });
  return status >= 500 ? new Offline(`status ${status}`) : new Problem({ code: `http.${status}`, status });
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Offline(error);
  }
}
