/// <reference lib="webworker" />
/**
 * Keeps the built client on the device, so that it opens without a line and in the version that was there before. A new
 * version waits until the person takes it; tabs of the old one find their files as long as the version after it runs.
 */

import { answerFor } from "./routes";

declare const self: ServiceWorkerGlobalScope;
/** Put in by the build: its name, what is brought at once, and what is kept once it was used (alphabets of others). */
declare const THIS_BUILD: { name: string; first: string[]; later: string[] };

const build = THIS_BUILD;
const files = new Set([...build.first, ...build.later]);
const prefix = "shell ";
const current = prefix + build.name;

self.addEventListener("install", (event) => event.waitUntil(bring()));
self.addEventListener("activate", (event) => event.waitUntil(settle()));
self.addEventListener("message", ({ data }) => {
  if (data === "take over") void self.skipWaiting();
});
self.addEventListener("fetch", (event) => {
  const answer = answerFor(event.request, self.location.origin, files);
  if (answer?.kind === "page") event.respondWith(page(event.request));
  else if (answer) event.respondWith(file(event.request, answer.path));
});

/** The page fresh from the server; files carry their content in their name, so those of the version before will do. */
async function bring(): Promise<void> {
  const cache = await caches.open(current);
  await put(cache, "/", new Request("/", { cache: "no-store" }));
  await Promise.all(
    build.first.map(async (path) => {
      const held = path.startsWith("/assets/") ? await caches.match(path, { ignoreVary: true }) : undefined;
      if (held) await cache.put(path, held);
      else await put(cache, path, new Request(path, { cache: "no-cache" }));
    }),
  );
}

async function put(cache: Cache, path: string, request: Request): Promise<void> {
  const answer = await fetch(request);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  await cache.put(path, answer);
}

/** The version before stays for tabs that still run it. */
async function settle(): Promise<void> {
  const kept = (await caches.keys()).filter((name) => name.startsWith(prefix) && name !== current);
  await Promise.all(kept.slice(0, -1).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function page(request: Request): Promise<Response> {
  const held = await caches.match("/", { cacheName: current });
  return held ?? fetch(request);
}

async function file(request: Request, path: string): Promise<Response> {
  const held = await caches.match(path, { ignoreVary: true });
  if (held) return held;
  const answer = await fetch(request);
  if (answer.ok) await (await caches.open(current)).put(path, answer.clone());
  return answer;
}
