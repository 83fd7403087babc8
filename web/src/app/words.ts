import type { Messages } from "@lingui/core";

/** English as it has arrived so far: the build gives every module its own words and has it add them here. */
export const english: Messages = {};

/** @public The build writes the calls: `words.ts` beside its configuration. */
export function addWords(words: Messages): void {
  Object.assign(english, words);
}
