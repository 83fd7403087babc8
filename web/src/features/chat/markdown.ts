import { createStore } from "zustand/vanilla";
import type { renderMarkdown } from "@/client/markdown";

type Renderer = typeof renderMarkdown;

/** The renderer once it is here. It is a third of a page's scripts, and most messages are plain words. */
export const renderer = createStore<{ render: Renderer | null }>(() => ({ render: null }));

/** Starts at once, in parallel with the page; plain text stands in until it is there. */
void import("@/client/markdown").then(
  (module) => renderer.setState({ render: module.renderMarkdown }),
  () => undefined, // offline before it was ever loaded: the words are still readable
);

/** Nothing in it that Markdown, a mention or a link would change. */
export function isPlain(source: string): boolean {
  return !/[*_`~|>#<[\]\\]|:\/\/|^\s*(?:[-+]|\d+[.)])\s|\n/m.test(source);
}
