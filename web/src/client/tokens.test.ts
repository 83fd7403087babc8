import { describe, expect, test } from "vitest";

import { Offline, Problem } from "./errors";
import { Rest } from "./rest";
import { FakeStorage } from "./testing/shelf";
import { me } from "./testing/things";
import { TokenKeeper } from "./tokens";
import type { Tokens } from "./wire";

const origin = "https://bay.example";

function pair(n: number): Tokens {
  return { access_token: `access${n}`, refresh_token: `refresh${n}`, token_type: "Bearer", expires_in: 3600, user: me() };
}

/** An instance whose refresh tokens are good once. */
class Issuer {
  current = 1;
  refreshes = 0;
  failure: Error | null = null;

  refresh = async (token: string): Promise<Tokens> => {
    await Promise.resolve();
    this.refreshes += 1;
    if (this.failure) throw this.failure;
    if (token !== `refresh${this.current}`) throw new Problem({ code: "auth.refresh_invalid", status: 401 });
    this.current += 1;
    return pair(this.current);
  };
}

function world() {
  const issuer = new Issuer();
  const storage = new FakeStorage();
  let now = 0;
  let chain: Promise<unknown> = Promise.resolve();
  const lock = <T>(_: string, body: () => Promise<T>): Promise<T> => {
    const run = chain.then(body, body);
    chain = run.catch(() => undefined);
    return run;
  };
  const tab = () => new TokenKeeper(origin, storage.tab(), issuer.refresh, { now: () => now, lock });
  const first = tab();
  first.keep(pair(1));
  return { issuer, storage, tab, first, pass: (ms: number) => (now += ms) };
}

describe("tokens", () => {
  test("a fresh one is used as it is, one about to end is renewed first", async () => {
    const { first, issuer, pass } = world();
    expect(await first.access()).toBe("access1");
    pass(3_571_000);
    expect([await first.access(), issuer.refreshes]).toEqual(["access2", 1]);
  });

  test("however many ask in however many tabs, a refresh token is used once", async () => {
    const { first, tab, issuer, pass } = world();
    const second = tab();
    pass(3_600_000);
    const all = await Promise.all([first.access(), first.access(), second.access(), second.renew("access1"), tab().access()]);
    expect([new Set(all), issuer.refreshes]).toEqual([new Set(["access2"]), 1]);
  });

  test("a refused refresh ends the session, an unreachable instance does not", async () => {
    const { first, issuer } = world();
    issuer.failure = new Offline();
    await expect(first.renew("access1")).rejects.toBeInstanceOf(Offline);
    issuer.failure = new Problem({ code: "rate.limited", status: 429 });
    await expect(first.renew("access1")).rejects.toBeInstanceOf(Offline);
    expect(first.userId()).toBe("1");
    issuer.failure = new Problem({ code: "auth.refresh_invalid", status: 401 });
    expect([await first.renew("access1"), first.userId()]).toEqual([null, null]);
  });

  test("signing out in one tab is heard in the other; a renewal is not", async () => {
    const { first, tab } = world();
    const heard: (string | null)[] = [];
    const second = tab();
    second.onChange = () => heard.push(second.userId());
    await first.renew("access1");
    expect(heard).toEqual([]);
    first.forget();
    expect(heard).toEqual([null]);
  });
});

type Answer = { status?: number; body?: unknown; text?: string } | "unreachable";

function rest(answers: Answer[]) {
  const calls: { url: string; method: string; headers: Headers; body: unknown }[] = [];
  const fetcher = (async (url: string, init: RequestInit) => {
    calls.push({ url, method: init.method ?? "GET", headers: init.headers as Headers, body: init.body });
    const answer = answers.shift() ?? {};
    if (answer === "unreachable") throw new TypeError("failed");
    return new Response(answer.text ?? (answer.body === undefined ? null : JSON.stringify(answer.body)), { status: answer.status ?? 200 });
  }) as typeof fetch;
  return { rest: new Rest(origin, fetcher), calls };
}

describe("rest", () => {
  const tokens = { access: () => Promise.resolve("old"), renew: () => Promise.resolve("new") };

  test("a refused token is renewed once and the same request goes again", async () => {
    const { rest: client, calls } = rest([{ status: 401, body: { code: "auth.expired" } }, { body: { id: "1" } }]);
    client.authorize(tokens);
    expect(await client.ask("POST", "/servers", { body: { name: "x" } })).toEqual({ id: "1" });
    expect(calls.map(({ headers }) => headers.get("authorization"))).toEqual(["Bearer old", "Bearer new"]);
    expect(calls[0]?.headers.get("idempotency-key")).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab]/);
    expect(calls[0]?.headers.get("idempotency-key")).toBe(calls[1]?.headers.get("idempotency-key"));
  });

  test("a second refusal is the answer", async () => {
    const { rest: client, calls } = rest([{ status: 401, body: { code: "auth.expired" } }, { status: 401, body: { code: "auth.expired" } }]);
    client.authorize(tokens);
    await expect(client.get("/users/@me")).rejects.toMatchObject({ code: "auth.expired" });
    expect(calls).toHaveLength(2);
  });

  test("a problem keeps its code, words, fields and wait", async () => {
    const errors = [{ field: "name", code: "too_long", detail: "Shorter, please." }];
    const { rest: client } = rest([{ status: 429, body: { code: "rate.limited", detail: "Wait.", errors, retry_after: 2.5 } }]);
    const failure = client.ask("POST", "/auth/login", { open: true });
    await expect(failure).rejects.toMatchObject({ name: "Problem", code: "rate.limited", status: 429, detail: "Wait.", errors, retryAfter: 2.5 });
  });

  test.each<[string, Answer, string]>([
    ["no network", "unreachable", "Offline"],
    ["a proxy's page", { status: 502, text: "<html>" }, "Offline"],
    ["a page where JSON belongs", { text: "<html>" }, "Offline"],
    ["a refusal without words", { status: 404, text: "nothing" }, "Problem"],
  ])("%s is %s", async (_, answer, name) => {
    const { rest: client } = rest([answer]);
    await expect(client.ask("GET", "/instance", { open: true })).rejects.toMatchObject({ name });
  });

  test("nothing comes back as nothing, and queries leave out what is not asked", async () => {
    const { rest: client, calls } = rest([{ status: 204 }]);
    expect(await client.ask("GET", "/x", { open: true, query: { before: "5", after: null, limit: 50 } })).toBeUndefined();
    expect(calls[0]?.url).toBe("https://bay.example/api/x?before=5&limit=50");
    expect(calls[0]?.headers.has("authorization")).toBe(false);
  });
});
