import { createStore } from "zustand/vanilla";
import type { MentionNames, renderMarkdown } from "@/client/markdown";

type Renderer = typeof renderMarkdown;

/** The renderer once it is here. It is a third of a page's scripts, and most messages are plain words. */
export const renderer = createStore<{ render: Renderer | null }>(() => ({ render: null }));

let asked = false;

/** Brings it: for the first message that needs it, once that is painted in plain words, or in an idle moment. */
export function wantRenderer(): void {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => setTimeout(load)); // effects may run before the paint; this does not
}

function load(): void {
  void import("@/client/markdown").then(
    (module) => renderer.setState({ render: module.renderMarkdown }),
    () => (asked = false), // offline before it was ever loaded: the words are still readable
  );
}

/** Nothing in it that Markdown, a mention or a link would change. */
export function isPlain(source: string): boolean {
  return !/[*_`~|>#<[\]\\]|:\/\/|^\s*(?:[-+]|\d+[.)])\s|\n/m.test(source);
}

const MOST = 500;
const made = new Map<string, string>();

/** The HTML of a text, kept: rows come and go as the log scrolls. `named` tells apart the same text with other names in it. */
export function htmlOf(render: Renderer, source: string, named: string, names: MentionNames): string {
  const key = `${named}\u0000${source}`;
  let html = made.get(key);
  if (html === undefined) {
    html = render(source, names).replaceAll("<pre>", '<pre tabindex="0">'); // what scrolls must be reachable by keyboard
    if (made.size >= MOST) made.delete(made.keys().next().value ?? "");
    made.set(key, html);
  }
  return html;
}
