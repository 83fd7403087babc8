import { autocompletion, completionStatus, type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent } from "@codemirror/commands";
import { defineLanguageFacet, HighlightStyle, Language, syntaxHighlighting } from "@codemirror/language";
import { EditorState, Prec } from "@codemirror/state";
import { EditorView, keymap, placeholder } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { parser, Strikethrough } from "@lezer/markdown";
import { nameOf, roomsOf, type InstanceClient } from "@/client";

export interface Editor {
  /** Begins anew with this text under this name. */
  open: (text: string, label: string) => void;
  setText: (text: string) => void;
  focus: () => void;
  destroy: () => void;
}

interface Options {
  text: string;
  label: string;
  instance: InstanceClient;
  serverId: string;
  onText: (text: string) => void;
  onKey: (event: KeyboardEvent, firstLine: boolean) => boolean;
}

const markdown = new Language(defineLanguageFacet(), parser.configure(Strikethrough), [], "markdown");

const look = HighlightStyle.define([
  { tag: tags.strong, class: "cm-strong" },
  { tag: tags.emphasis, class: "cm-em" },
  { tag: tags.strikethrough, class: "cm-strike" },
  { tag: tags.monospace, class: "cm-code" },
  { tag: tags.url, class: "cm-link" },
  { tag: tags.quote, class: "cm-quote" },
  { tag: tags.processingInstruction, class: "cm-mark" },
]);

export function createEditor(parent: HTMLElement, options: Options): Editor {
  const begin = (text: string, label: string) => EditorState.create({ doc: text, selection: { anchor: text.length }, extensions: extensions({ ...options, label }) });
  const view = new EditorView({ parent, state: begin(options.text, options.label) });
  return {
    open: (text, label) => view.setState(begin(text, label)),
    setText(text) {
      const doc = view.state.doc.toString();
      if (doc !== text) view.dispatch({ changes: { from: 0, to: doc.length, insert: text }, selection: { anchor: text.length } });
    },
    focus: () => view.focus(),
    destroy: () => view.destroy(),
  };
}

function extensions({ label, instance, serverId, onText, onKey }: Options) {
  const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce;
  return [
    ...(nonce ? [EditorView.cspNonce.of(nonce)] : []),
    Prec.highest(EditorView.domEventHandlers({ keydown: (event, view) => ownKey(event, view, onKey) })),
    history(),
    keymap.of([{ key: "Shift-Enter", run: insertNewlineAndIndent }, ...historyKeymap, ...defaultKeymap.filter(({ key }) => key !== "Mod-Enter")]),
    markdown,
    syntaxHighlighting(look),
    autocompletion({ override: [(context) => people(context, instance, serverId), (context) => rooms(context, instance, serverId)], icons: false }),
    placeholder(label),
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": label, "data-composer": "", "data-region-focus": "", spellcheck: "true", autocapitalize: "sentences" }),
    EditorView.updateListener.of((update) => update.docChanged && onText(update.state.doc.toString())),
  ];
}

/** The composer's keys come first, unless a list of names is open: then Enter and arrows are its. */
function ownKey(event: KeyboardEvent, view: EditorView, onKey: Options["onKey"]): boolean {
  if (event.isComposing || completionStatus(view.state) === "active") return false;
  const { main } = view.state.selection;
  const firstLine = main.empty && view.state.doc.lineAt(main.head).number === 1;
  if (!onKey(event, firstLine)) return false;
  event.preventDefault();
  return true;
}

/** "@mi" offers people by name and puts in the mention the wire knows. */
async function people(context: CompletionContext, { store, actions }: InstanceClient, serverId: string): Promise<CompletionResult | null> {
  const word = context.matchBefore(/@[\p{L}\p{N}_.]*/u);
  if (!word) return null;
  const query = word.text.slice(1);
  const found = await actions.findMembers(serverId, query).catch(() => []);
  const state = store.getState();
  const options: Completion[] = found.map(({ user, nick }) => ({ label: `@${nick ?? nameOf(state, user.id, serverId) ?? user.display_name}`, detail: user.username, apply: `<@${user.id}> ` }));
  return { from: word.from, options, filter: false };
}

/** "#ga" offers rooms. */
function rooms(context: CompletionContext, { store }: InstanceClient, serverId: string): CompletionResult | null {
  const word = context.matchBefore(/#[\p{L}\p{N}_-]*/u);
  if (!word || word.text.length < 2) return null;
  const state = store.getState();
  const query = word.text.slice(1).toLocaleLowerCase();
  const options = roomsOf(state, serverId)
    .flatMap((id) => state.channels[id] ?? [])
    .filter((room) => room.type !== "category" && room.name.toLocaleLowerCase().includes(query))
    .map((room) => ({ label: `#${room.name}`, apply: `<#${room.id}> ` }));
  return options.length ? { from: word.from, options, filter: false } : null;
}
