import { compareIds, type InstanceState, type Message } from "@/client";

export interface Call {
  origin: string;
  message: Message;
}

interface Held {
  origin: string;
  messages: readonly Message[];
  channels: InstanceState["channels"];
}

/** One list of all instances, newest first; rooms that are closed to you by now are left out. */
export function merged(lists: readonly Held[]): Call[] {
  const calls = lists.flatMap(({ origin, messages, channels }) => messages.filter(({ channel_id }) => channel_id in channels).map((message) => ({ origin, message })));
  return calls.toSorted((a, b) => Date.parse(b.message.timestamp) - Date.parse(a.message.timestamp) || compareIds(b.message.id, a.message.id));
}
