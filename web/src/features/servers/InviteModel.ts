import { parseInvite, toOrigin } from "@/client";

export interface PastedInvite {
  token: string;
  /** Null when only a token was pasted. */
  origin: string | null;
  address: string;
}

/** An invite link in either form, with or without its scheme, or the bare token. */
export function inviteFrom(pasted: string): PastedInvite | null {
  const text = pasted.trim();
  if (/^(web\+)?hubbub:/i.test(text)) {
    const invite = parseInvite(text);
    return invite && { ...invite, address: `${invite.origin}/invite/${invite.token}` };
  }
  if (/^[\w-]{4,64}$/.test(text)) return { token: text, origin: null, address: text };
  const address = /^https?:\/\//.test(text) ? text : `https://${text}`;
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  const token = /^\/invite\/([\w-]+)\/?$/.exec(url.pathname)?.[1];
  return token ? { token, origin: url.origin, address: url.href } : null;
}

/** A place without an invite: `talk.example`, `https://talk.example/`. */
export function placeFrom(pasted: string): string | null {
  const text = pasted.trim();
  if (!/^(https?:\/\/)?[^\s/:]+(\.[^\s/:]+|:\d+)(:\d+)?\/?$|^(https?:\/\/)?localhost(:\d+)?\/?$/i.test(text)) return null;
  try {
    return toOrigin(text);
  } catch {
    return null;
  }
}

/** What people choose for how long a link lasts, in seconds; 0 never ends. */
export const LIFETIMES = [3600, 86_400, 604_800, 2_592_000, 0] as const;
export const USES = [0, 1, 5, 25, 100] as const;
