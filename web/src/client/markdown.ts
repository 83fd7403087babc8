/** Names for the mentions in a message; null: not known here, shown as "unknown". */
export interface MentionNames {
  user(id: string): string | null;
  role(id: string): { readonly name: string; readonly hue: number | null } | null;
  channel(id: string): string | null;
  /** Whether a mention of this id means the reader (marks it). */
  isMe(kind: "user" | "role" | "everyone", id: string): boolean;
}

/**
 * Source text to safe HTML. Mentions become `<a class="mention" data-user|data-role|data-channel="id">@name</a>`, spoilers
 * `<span class="spoiler" data-spoiler tabindex="0">`, code blocks `<pre><code class="language-x">`; links open in a new tab without referrer.
 */
export declare function renderMarkdown(source: string, names: MentionNames): string;
