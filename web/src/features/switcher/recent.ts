const KEY = "hubbub.recent";
const MOST = 12;

/** Where the person was, newest first: `<origin> <room>`. */
export function recentPlaces(): readonly string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter((key) => typeof key === "string") : [];
  } catch {
    return []; // unreadable is forgotten
  }
}

export function rememberPlace(key: string): void {
  const places = [key, ...recentPlaces().filter((other) => other !== key)].slice(0, MOST);
  localStorage.setItem(KEY, JSON.stringify(places));
}
