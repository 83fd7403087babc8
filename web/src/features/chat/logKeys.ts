import type { Row } from "./TimelineModel";

/** Arrow keys walk from message to message, also to those not drawn yet. */
export function moveFocus(event: KeyboardEvent, rows: readonly Row[], reveal: (index: number) => void): void {
  const log = event.currentTarget as HTMLElement;
  const target = event.target as HTMLElement;
  if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
  if (target !== log && !target.matches("[data-row]")) return;
  const at = rows.findIndex((row) => row.key === target.dataset["row"]);
  const to = targetRow(rows, at, event.key);
  if (to === null) return;
  event.preventDefault();
  const row = rows[to];
  if (!row) return document.querySelector<HTMLElement>("[data-composer]")?.focus();
  reveal(to);
  requestAnimationFrame(() => log.querySelector<HTMLElement>(`[data-row="${CSS.escape(row.key)}"]`)?.focus({ preventScroll: true }));
}

function isMessage(row: Row): boolean {
  return row.kind === "message";
}

/** Index of the message to go to; one past the end is the composer; null is not our key. */
function targetRow(rows: readonly Row[], at: number, key: string): number | null {
  if (key === "Home") return rows.findIndex(isMessage);
  if (key === "End" || (key === "ArrowUp" && at < 0)) return rows.findLastIndex(isMessage);
  if (key === "ArrowUp") {
    const above = rows.slice(0, at).findLastIndex(isMessage);
    return above < 0 ? at : above;
  }
  if (key !== "ArrowDown" || at < 0) return null;
  const below = rows.slice(at + 1).findIndex(isMessage);
  return below < 0 ? rows.length : at + 1 + below;
}

/** Enters the log at its last message, from the composer. */
export function focusLastMessage(): void {
  const messages = document.querySelectorAll<HTMLElement>(".log [data-row]");
  messages[messages.length - 1]?.focus();
}
