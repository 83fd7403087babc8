export const STEPS = ["key", "account", "name", "reach"] as const;
export type Step = (typeof STEPS)[number];

/** The key travels in the fragment of the printed link, so that no proxy writes it down; older links carry it as a query. */
export function keyFromAddress(address: { hash: string; search: string }): string {
  const hash = address.hash.replace(/^#/, "");
  const named = new URLSearchParams(hash).get("token") ?? new URLSearchParams(address.search).get("token");
  return named ?? (hash.includes("=") ? "" : decodeURIComponent(hash));
}

/** People paste the whole link as often as the key. */
export function keyFromPaste(pasted: string): string {
  const text = pasted.trim();
  if (!URL.canParse(text)) return text;
  return keyFromAddress(new URL(text)) || text;
}

/** How good a password is, in the only measure that is honest without a dictionary: its length. */
export function passwordVerdict(password: string, least: number): "empty" | "short" | "fair" | "good" {
  const length = [...password].length;
  if (length === 0) return "empty";
  if (length < least) return "short";
  return length < least + 4 ? "fair" : "good";
}
