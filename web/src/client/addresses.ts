/** Addresses that people paste: hosts, URLs, invite links in both forms. */

import { Problem } from "./errors";

/** `hubbub://join/<host>/<token>`, `https://<host>/invite/<token>`: where and what. null: not an invite link. */
export function parseInvite(text: string): { origin: string; token: string } | null {
  const link = text.trim();
  const app = /^(?:web\+)?hubbub:\/\/join\/([^/?#]+)\/([^/?#]+)/i.exec(link);
  if (app?.[1] && app[2]) return { origin: toOrigin(app[1]), token: app[2] };
  const page = /^(https?:\/\/[^/?#]+)\/invite\/([^/?#]+)/i.exec(link);
  return page?.[1] && page[2] ? { origin: new URL(page[1]).origin, token: page[2] } : null;
}

/** The origin that an address means. A bare host means TLS, except on this machine. */
export function toOrigin(address: string): string {
  const invite = /^(?:web\+)?hubbub:/i.test(address.trim()) ? parseInvite(address) : null;
  if (invite) return invite.origin;
  const text = address.trim();
  const local = /^(localhost|127\.|\[::1\])/.test(text);
  try {
    const url = new URL(/^https?:\/\//i.test(text) ? text : `${local ? "http" : "https"}://${text}`);
    if (url.hostname !== "") return url.origin;
  } catch {
    // Said below.
  }
  throw new Problem({ code: "address.invalid", detail: "That is not an address." });
}
