/** What Discord's subset has and Markdown has not: spoilers, mentions, headings of three sizes. Rules for markdown-it. */

import type { MarkdownIt } from "markdown-it";

/** Names for the mentions in a message; null: not known here, shown by its number. */
export interface MentionNames {
  user(id: string): string | null;
  role(id: string): { readonly name: string; readonly hue: number | null } | null;
  channel(id: string): string | null;
  /** Whether a mention means the reader (marks it). `id` is "" for everyone. */
  isMe(kind: "user" | "role" | "everyone", id: string): boolean;
}

interface Mention {
  readonly kind: "user" | "role" | "channel" | "everyone";
  readonly id: string;
}

const mention = /<(@!?|@&|#)(\d{1,20})>/y;
const everyone = /@(?:everyone|here)\b/y;
const customEmoji = /<a?(:\w{2,32}:)\d{1,20}>/y;

/** `# `, `## `, `### ` and no smaller; they stand inside a message, so they begin at h4. */
export function onlySmallHeadings(md: MarkdownIt): void {
  // oxlint-disable-next-line no-underscore-dangle -- markdown-it's only way to wrap a rule of its own
  const plain = md.block.ruler.__rules__.find(({ name }) => name === "heading")?.fn;
  if (!plain) throw new Error("markdown-it has no heading rule");
  md.block.ruler.at("heading", (state, start, end, silent) => {
    const from = (state.bMarks[start] ?? 0) + (state.tShift[start] ?? 0);
    if (state.src.startsWith("####", from)) return false;
    return plain(state, start, end, silent);
  }, { alt: ["paragraph", "reference", "blockquote"] });
  md.renderer.rules.heading_open = (tokens, index) => {
    const size = Number(tokens[index]?.tag.slice(1));
    return `<h${size + 3} class="heading-${size}">`;
  };
  md.renderer.rules.heading_close = (tokens, index) => `</h${Number(tokens[index]?.tag.slice(1)) + 3}>`;
}

/** `||hidden||`, with other marks inside. */
export function addSpoilers(md: MarkdownIt): void {
  md.inline.ruler.before("emphasis", "spoiler", (state, silent) => {
    const { src, pos, posMax } = state;
    if (!src.startsWith("||", pos)) return false;
    const close = src.indexOf("||", pos + 2);
    if (close < 0 || close === pos + 2 || close + 2 > posMax) return false;
    if (!silent) {
      state.push("spoiler_open", "span", 1);
      state.pos = pos + 2;
      state.posMax = close;
      state.md.inline.tokenize(state);
      state.push("spoiler_close", "span", -1);
      state.posMax = posMax;
    }
    state.pos = close + 2;
    return true;
  });
  md.renderer.rules.spoiler_open = () => '<span class="spoiler" role="button" tabindex="0" data-spoiler="">';
  md.renderer.rules.spoiler_close = () => "</span>";
}

/** `<@id> <@&id> <#id> @everyone`; custom emoji are shown by their name until they have pictures. */
export function addMentions(md: MarkdownIt): void {
  md.inline.ruler.before("autolink", "mention", (state, silent) => {
    const found = mentionAt(state.src, state.pos) ?? emojiAt(state.src, state.pos);
    if (!found || state.pos + found.length > state.posMax) return false;
    if (!silent) {
      const names = (state.env as { names: MentionNames }).names;
      const token = state.push(found.what ? "mention" : "text", "", 0);
      token.content = found.what ? label(found.what, names) : found.text;
      token.meta = found.what && { ...found.what };
    }
    state.pos += found.length;
    return true;
  });
  md.renderer.rules.mention = (tokens, index, _, env) => {
    const token = tokens[index];
    return token ? link(token.meta as unknown as Mention, md.utils.escapeHtml(token.content), (env as { names: MentionNames }).names) : "";
  };
  // "|" must end runs of plain text too, or spoilers in the middle of a line are never seen.
  md.inline.ruler.at("text", (state, silent) => {
    let end = state.pos;
    while (end < state.posMax && !terminators.includes(state.src[end] ?? "")) end += 1;
    if (end === state.pos) return false;
    if (!silent) state.pending += state.src.slice(state.pos, end);
    state.pos = end;
    return true;
  });
}

/** Characters that may begin something; the colon is for links in plain text. */
const terminators = "\n!#$%&*+-:<=>@[\\]^_`{|}~";

function mentionAt(src: string, pos: number): { what: Mention; text: ""; length: number } | null {
  mention.lastIndex = everyone.lastIndex = pos;
  const named = mention.exec(src);
  if (named?.[2]) {
    const kind = named[1] === "#" ? "channel" : named[1] === "@&" ? "role" : "user";
    return { what: { kind, id: named[2] }, text: "", length: named[0].length };
  }
  const all = everyone.exec(src);
  return all ? { what: { kind: "everyone", id: all[0].slice(1) }, text: "", length: all[0].length } : null;
}

function emojiAt(src: string, pos: number): { what: null; text: string; length: number } | null {
  customEmoji.lastIndex = pos;
  const found = customEmoji.exec(src);
  return found?.[1] ? { what: null, text: found[1], length: found[0].length } : null;
}

function label({ kind, id }: Mention, names: MentionNames): string {
  if (kind === "everyone") return `@${id}`;
  if (kind === "channel") return `#${names.channel(id) ?? id}`;
  return `@${(kind === "role" ? names.role(id)?.name : names.user(id)) ?? id}`;
}

function link({ kind, id }: Mention, text: string, names: MentionNames): string {
  const mine = kind !== "channel" && names.isMe(kind, kind === "everyone" ? "" : id) ? " mention-me" : "";
  if (kind === "everyone") return `<span class="mention${mine}">${text}</span>`;
  const hue = kind === "role" ? names.role(id)?.hue : null;
  return `<a class="mention${mine}" role="link" tabindex="0" data-${kind}="${id}"${hue ? ` data-hue="${hue}"` : ""}>${text}</a>`;
}
