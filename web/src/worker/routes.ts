/** What the worker answers, and above all what it never does. Pure. */

/** Pages of the client that open without a line, by their first part. Setting a place up needs its server: /setup is not here. */
const PAGES = new Set(["", "s", "at", "open", "mentions", "invite", "login", "register", "settings", "manage"]);

export interface Asked {
  method: string;
  /** `navigate` for a page, as `Request.mode` says it. */
  mode: string;
  url: string;
}

/** `page`: the shell answers; `file`: this file of the build does; null: it is none of the worker's business. */
export function answerFor({ method, mode, url }: Asked, origin: string, files: ReadonlySet<string>): { kind: "page" } | { kind: "file"; path: string } | null {
  const asked = new URL(url);
  if (method !== "GET" || asked.origin !== origin) return null;
  if (mode === "navigate") return PAGES.has(asked.pathname.split("/")[1] ?? "") ? { kind: "page" } : null;
  return asked.search === "" && files.has(asked.pathname) ? { kind: "file", path: asked.pathname } : null;
}
