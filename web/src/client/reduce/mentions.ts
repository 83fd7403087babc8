/** The list of what called you, kept right by the messages that come, change and go. */

import { compareIds } from "../ids";
import type { InstanceState, Mentions } from "../state";
import type { Id, Message } from "../wire";

/** Kept in memory; what is older is asked for again. */
const most = 200;

export function mentionArrived(mentions: InstanceState["mentions"], message: Message, callsMe: boolean): InstanceState["mentions"] {
  if (!mentions || !callsMe) return mentions;
  return { messages: [message, ...mentions.messages.filter(({ id }) => id !== message.id)].slice(0, most), hasOlder: mentions.hasOlder || mentions.messages.length >= most };
}

/** An edit may stop calling you, or begin to. */
export function mentionChanged(mentions: InstanceState["mentions"], message: Message, callsMe: boolean): InstanceState["mentions"] {
  const held = mentions?.messages.some(({ id }) => id === message.id);
  if (!mentions || (!held && !callsMe)) return mentions;
  if (!callsMe) return mentionGone(mentions, message.id);
  if (held) return { ...mentions, messages: mentions.messages.map((each) => (each.id === message.id ? message : each)) };
  const oldest = mentions.messages.at(-1);
  if (mentions.hasOlder && oldest && compareIds(message.id, oldest.id) < 0) return mentions; // beyond the end of what is held
  return { ...mentions, messages: [...mentions.messages, message].toSorted(newestFirst) };
}

export function mentionGone(mentions: InstanceState["mentions"], messageId: Id): InstanceState["mentions"] {
  if (!mentions?.messages.some(({ id }) => id === messageId)) return mentions;
  return { ...mentions, messages: mentions.messages.filter(({ id }) => id !== messageId) };
}

/** A page from the instance: the newest replaces what was held, older ones follow it. */
export function mentionsLoaded(mentions: InstanceState["mentions"], page: readonly Message[], full: boolean, older: boolean): Mentions {
  if (!older || !mentions) return { messages: page, hasOlder: full };
  const known = new Set(page.map(({ id }) => id));
  return { messages: [...mentions.messages.filter(({ id }) => !known.has(id)), ...page].toSorted(newestFirst), hasOlder: full };
}

function newestFirst(a: Message, b: Message): number {
  return compareIds(b.id, a.id);
}
