/**
 * What screen readers hear: one polite region for the open room, one for the call, one assertive for what happens to you.
 * Sayings in the polite region are at least two seconds apart; what comes faster is counted, not read.
 */
export type Region = "room" | "call" | "alert";

const PAUSE = 2000;

export class Announcer {
  private nodes = new Map<Region, HTMLElement>();
  private waiting: string[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private summarise: (count: number) => string;

  constructor(summarise: (count: number) => string) {
    this.summarise = summarise;
  }

  attach(region: Region, node: HTMLElement | null): void {
    if (node) this.nodes.set(region, node);
    else this.nodes.delete(region);
  }

  say(region: Region, words: string): void {
    if (region !== "room") return this.write(region, words);
    if (this.timer !== undefined) {
      this.waiting.push(words);
      return;
    }
    this.write("room", words);
    this.timer = setTimeout(() => this.release(), PAUSE);
  }

  private release(): void {
    this.timer = undefined;
    const waiting = this.waiting.splice(0);
    const [first] = waiting;
    if (first !== undefined) this.say("room", waiting.length === 1 ? first : this.summarise(waiting.length));
  }

  private write(region: Region, words: string): void {
    const node = this.nodes.get(region);
    if (!node) return;
    // The same words twice are two events: an empty moment between makes readers speak them again.
    node.textContent = "";
    setTimeout(() => (node.textContent = words), 50);
  }
}
