/** What the browser window tells all instances: attention, network, its end. */

interface Watched {
  focus(focused: boolean): void;
  reconnectNow(): void;
  flush(): void;
}

/** Returns the end of listening. */
export function watchWindow(watched: () => Iterable<Watched>): () => void {
  const ending = new AbortController();
  const on = (target: EventTarget, name: string, body: (each: Watched) => void) =>
    target.addEventListener(name, () => Array.from(watched(), body), { signal: ending.signal });
  on(window, "focus", look);
  on(window, "blur", look);
  on(document, "visibilitychange", (each) => {
    look(each);
    if (document.visibilityState === "visible") each.reconnectNow();
    else each.flush();
  });
  on(window, "online", (each) => each.reconnectNow());
  on(window, "pagehide", (each) => each.flush());
  return () => ending.abort();
}

function look(each: Watched): void {
  each.focus(hasAttention());
}

export function hasAttention(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}

const browsers = [["Firefox", /Firefox\//], ["Edge", /Edg\//], ["Chrome", /Chrom(e|ium)\//], ["Safari", /Safari\//]] as const;
const systems = [["Android", /Android/], ["iOS", /iPhone|iPad/], ["macOS", /Mac OS/], ["Windows", /Windows/], ["Linux", /Linux/]] as const;

/** Browser and system, as the list of sessions shows them. */
export function deviceName(agent: string = navigator.userAgent): string {
  const named = (list: readonly (readonly [string, RegExp])[]) => list.find(([, pattern]) => pattern.test(agent))?.[0];
  return [named(browsers) ?? "Browser", named(systems)].filter(Boolean).join(", ");
}
