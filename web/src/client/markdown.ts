/**
 * Messages as people write them (Discord's subset of Markdown) to HTML that is safe to put on the page: markdown-it
 * without HTML makes tokens, our rules add spoilers and mentions, and DOMPurify lets only what is listed here through,
 * so a mistake in the first two cannot become a script.
 *
 * This module is heavier than the rest of client/: screens load it with `import()` or beside the timeline.
 */

import DOMPurify from "dompurify";
import Markdown, { type MarkdownIt } from "markdown-it";

import { addMentions, addSpoilers, type MentionNames, onlySmallHeadings } from "./markdown-rules";

export type { MentionNames } from "./markdown-rules";

const tags = ["p", "br", "strong", "em", "u", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "span", "h4", "h5", "h6"];
const attributes = ["href", "target", "rel", "class", "start", "role", "tabindex", "aria-label", "data-user", "data-role", "data-channel", "data-spoiler", "data-hue"];
const safeLink = /^(?:https?:\/\/|mailto:)/i;
const language = /^[\w+#-]{1,20}$/;

const markdown = build();

/**
 * Source text to safe HTML. Mentions become `<a class="mention" role="link" tabindex="0" data-user|data-role|data-channel="id">`
 * (with `mention-me` when they mean the reader), spoilers `<span class="spoiler" role="button" tabindex="0" data-spoiler="">`,
 * code blocks `<pre><code class="language-x">`, headings h4 to h6 with `heading-1..3`; links open elsewhere without referrer.
 */
export function renderMarkdown(source: string, names: MentionNames): string {
  return DOMPurify.sanitize(markdown.render(quotesAsWritten(source), { names }), {
    ALLOWED_TAGS: tags,
    ALLOWED_ATTR: attributes,
    ADD_URI_SAFE_ATTR: attributes.filter((name) => name !== "href"),
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
    ALLOWED_URI_REGEXP: safeLink,
  });
}

/** The words alone, on one line: for labels, quotes of replies and notifications. Spoilers stay hidden. */
export function plainText(source: string, names: MentionNames): string {
  let text = "";
  let hidden = 0;
  for (const token of markdown.parse(quotesAsWritten(source), { names }).flatMap((block) => block.children ?? [block])) {
    if (token.type === "spoiler_open") hidden += 1;
    if (token.type === "spoiler_close" && --hidden === 0) text += "▮▮▮";
    if (hidden > 0) continue;
    if (token.type === "softbreak" || token.type === "hardbreak" || token.type.endsWith("_close")) text += token.nesting === 0 || token.block ? " " : "";
    else text += token.content;
  }
  return text.replace(/\s+/g, " ").trim();
}

function build(): MarkdownIt {
  const md = Markdown("zero", { html: false, linkify: true, breaks: true });
  md.enable(["fence", "blockquote", "list", "heading"]);
  md.enable(["newline", "escape", "backticks", "strikethrough", "emphasis", "link", "autolink", "linkify", "balance_pairs", "fragments_join"]);
  md.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
  md.validateLink = (url) => safeLink.test(url);
  onlySmallHeadings(md);
  addSpoilers(md);
  addMentions(md);
  addRendering(md);
  return md;
}

function addRendering(md: MarkdownIt): void {
  const { rules } = md.renderer;
  rules.strong_open = (tokens, index) => (tokens[index]?.markup === "__" ? "<u>" : "<strong>");
  rules.strong_close = (tokens, index) => (tokens[index]?.markup === "__" ? "</u>" : "</strong>");
  // `[text]()` leads nowhere: it stays as it was written. Links do not nest, so one flag is enough.
  let nowhere = false;
  rules.link_close = () => (nowhere ? "]()" : "</a>");
  rules.link_open = (tokens, index, options, _, self) => {
    nowhere = !tokens[index]?.attrGet("href");
    if (nowhere) return "[";
    tokens[index]?.attrJoin("target", "_blank");
    tokens[index]?.attrJoin("rel", "noopener noreferrer nofollow");
    return self.renderToken(tokens, index, options);
  };
  rules.fence = (tokens, index) => {
    const token = tokens[index];
    const name = token?.info.trim() ?? "";
    const spoken = language.test(name) ? ` class="language-${md.utils.escapeHtml(name)}"` : "";
    return `<pre><code${spoken}>${md.utils.escapeHtml(token?.content.replace(/\n$/, "") ?? "")}</code></pre>`;
  };
}

/**
 * A quote ends with its line, as people expect in chat (Markdown would let the next line slip in), and `>>>` quotes
 * everything after it. Code blocks are left alone.
 */
function quotesAsWritten(source: string): string {
  const lines: string[] = [];
  let fenced = false;
  let rest = false;
  for (const line of source.split("\n")) {
    if (/^\s{0,3}```/.test(line)) fenced = !fenced && !/```.*```/.test(line);
    if (fenced) lines.push(rest ? `> ${line}` : line);
    else if (rest) lines.push(`> ${line}`);
    else if (line.startsWith(">>> ")) {
      rest = true;
      lines.push(`> ${line.slice(4)}`);
    } else {
      if (lines.at(-1)?.startsWith(">") && line.trim() !== "" && !line.startsWith(">")) lines.push("");
      lines.push(line);
    }
  }
  return lines.join("\n");
}
