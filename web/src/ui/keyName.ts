/** "KeyT" is T, "Space" is Space; the codes of `KeyboardEvent.code` are the same on every keyboard. */
export function keyName(code: string): string {
  return code.replace(/^(Key|Digit)/, "").replace(/([a-z])([A-Z])/g, "$1 $2");
}
