/** Addresses of the pages, in one place. */
export const paths = {
  home: "/",
  /** Where one pane fits, home's list of mentions has a page of its own. */
  mentions: "/mentions",
  login: "/login",
  register: "/register",
  setup: "/setup",
  server: (server: string) => `/s/${server}`,
  room: (server: string, room: string) => `/s/${server}/${room}`,
  settings: (page = "profile") => `/settings/${page}`,
  manage: (server: string, page = "overview") => `/manage/${server}/${page}`,
  invite: (token: string) => `/invite/${token}`,
};

/** Where the pages of another instance begin: `/at/<host>`, with `http:` before the host where there is no TLS. */
export function baseOf(home: string, origin: string): string {
  if (origin === home) return "";
  const { protocol, host } = new URL(origin);
  return `/at/${protocol === "https:" ? host : `http:${host}`}`;
}

/** A path of that instance as links and `navigate` take it anywhere; `~` escapes the base they are in. */
export function outside(home: string, origin: string, path: string): string {
  return `~${baseOf(home, origin)}${path}`;
}

/** Which instance an address of ours speaks of; null: the one that served the page. */
export function instanceIn(location: string): { origin: string; base: string } | null {
  const [base, segment] = /^\/at\/([^/]+)/.exec(location) ?? [];
  if (!base || !segment) return null;
  const named = decodeURIComponent(segment);
  const address = named.startsWith("http:") ? `http://${named.slice(5)}` : `https://${named}`;
  return URL.canParse(address) ? { origin: new URL(address).origin, base } : null;
}
