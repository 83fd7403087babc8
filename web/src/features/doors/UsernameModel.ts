/** The name to log in with that a display name suggests: "Wren Okafor" is wren.okafor. Empty when nothing fits the rules. */
export function usernameFrom(displayName: string): string {
  const plain = displayName
    .normalize("NFKD")
    .replaceAll(/\p{Mark}/gu, "")
    .toLowerCase()
    .replaceAll(/[\s.-]+/g, ".")
    .replaceAll(/[^a-z0-9_.]/g, "")
    .replaceAll(/^\.+|\.+$/g, "")
    .slice(0, 32);
  return plain.length >= 2 ? plain : "";
}

/** The next one to try when a name is taken. */
export function anotherUsername(taken: string, attempt: number): string {
  const suffix = String(attempt + 1);
  return taken.slice(0, 32 - suffix.length) + suffix;
}
