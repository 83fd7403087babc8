/**
 * While media reconnects: is the line down, or is the media node gone? A node that answers is left to the library, which
 * keeps what was agreed upon. A node that does not, while the instance does, is given up at once: the instance knows
 * another one. With neither answering there is nothing to do but wait.
 */

import type { CallWorld } from "./call-world";
import type { Media } from "./media-port";
import type { CallInstance } from "./seat";

/** Milliseconds until the first look (the library's own first attempt comes before) and between two. */
const first = 250;
const every = 500;

export class NodeWatch {
  #world: Pick<CallWorld, "later">;
  #gone: () => void;
  #turn = 0;

  constructor(world: Pick<CallWorld, "later">, gone: () => void) {
    this.#world = world;
    this.#gone = gone;
  }

  /** Looks until `stop`, or until the node is gone. */
  start(media: Pick<Media, "nodeAnswers"> | null, instance: Pick<CallInstance, "rest"> | null): void {
    this.stop();
    if (!media || !instance) return;
    const turn = this.#turn;
    const look = async () => {
      if (turn !== this.#turn) return;
      const there = (await media.nodeAnswers()) || !(await answers(instance));
      if (turn !== this.#turn) return;
      if (there) this.#world.later(every, () => void look());
      else this.#gone();
    };
    this.#world.later(first, () => void look());
  }

  stop(): void {
    this.#turn += 1;
  }
}

async function answers(instance: Pick<CallInstance, "rest">): Promise<boolean> {
  try {
    await instance.rest.ask("GET", "/users/@me");
    return true;
  } catch {
    return false;
  }
}
