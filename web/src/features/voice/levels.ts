/**
 * One animation loop writes every ring and meter: `--l` (0 to 1) and `data-speaking` on elements, without React.
 * It runs only while something follows it and the tab is visible.
 */
export interface Follower {
  element: HTMLElement;
  read: () => number;
}

const OPEN = 0.06;
const CLOSE = 0.03;

const followers = new Map<Follower, { level: number; speaking: boolean }>();
let frame = 0;

/** Follows until the returned function is called. */
export function followLevel(element: HTMLElement, read: () => number): () => void {
  const follower = { element, read };
  followers.set(follower, { level: -1, speaking: false });
  wake();
  return () => {
    followers.delete(follower);
    element.style.removeProperty("--l");
    delete element.dataset["speaking"];
  };
}

function wake(): void {
  if (!frame && !document.hidden && followers.size) frame = requestAnimationFrame(step);
}

function step(): void {
  frame = 0;
  for (const [follower, last] of followers) draw(follower, last);
  wake();
}

function draw({ element, read }: Follower, last: { level: number; speaking: boolean }): void {
  const level = Math.min(1, Math.max(0, read()));
  if (Math.abs(level - last.level) > 0.01) {
    last.level = level;
    element.style.setProperty("--l", level.toFixed(2));
  }
  const speaking = level > (last.speaking ? CLOSE : OPEN);
  if (speaking !== last.speaking) {
    last.speaking = speaking;
    markSpeaking(element, speaking);
  }
}

export function markSpeaking(element: HTMLElement, speaking: boolean): void {
  if (speaking) element.dataset["speaking"] = "";
  else delete element.dataset["speaking"];
}

if (typeof document !== "undefined") document.addEventListener("visibilitychange", wake);
