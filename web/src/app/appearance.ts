import { createStore } from "zustand/vanilla";

/** How the page looks on this device. Written on <html>; the tokens do the rest. */
export interface Appearance {
  theme: "system" | "light" | "dark";
  density: "cosy" | "compact";
  contrast: "system" | "more";
  motion: "system" | "reduce";
  /** Percent of the browser's own size, 80 to 150. */
  fontScale: number;
}

const KEY = "hubbub.appearance";
const DEFAULTS: Appearance = { theme: "system", density: "cosy", contrast: "system", motion: "system", fontScale: 100 };

export const appearance = createStore<Appearance>(() => ({ ...DEFAULTS, ...stored() }));

/** Applies what is stored and follows changes, this tab's and other tabs'. */
export function followAppearance(root: HTMLElement): void {
  apply(root, appearance.getState());
  appearance.subscribe((next) => {
    apply(root, next);
    localStorage.setItem(KEY, JSON.stringify(next));
  });
  window.addEventListener("storage", (event) => event.key === KEY && appearance.setState({ ...DEFAULTS, ...stored() }));
}

function apply(root: HTMLElement, { theme, density, contrast, motion, fontScale }: Appearance): void {
  mark(root, "theme", theme === "system" ? null : theme);
  mark(root, "density", density === "compact" ? density : null);
  mark(root, "contrast", contrast === "more" ? contrast : null);
  mark(root, "motion", motion === "reduce" ? motion : null);
  root.style.setProperty("--font-scale", String(fontScale / 100));
}

function mark(root: HTMLElement, name: string, value: string | null): void {
  if (value) root.dataset[name] = value;
  else delete root.dataset[name];
}

function stored(): Partial<Appearance> {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Appearance>;
  } catch {
    return {}; // unreadable settings are no settings
  }
}
