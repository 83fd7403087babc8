/**
 * One after the other, in the order of asking: requests of one client go out on several connections and may overtake
 * each other. A leave that came before the join it ends would leave a seat in which nobody sits.
 */
export function inOrder(): <T>(at: string, ask: () => Promise<T>) => Promise<T> {
  const answers = new Map<string, Promise<unknown>>();
  return async (at, ask) => {
    const before = answers.get(at);
    const answer = (before ?? Promise.resolve()).then(ask, ask);
    const settled = answer.catch(() => undefined);
    answers.set(at, settled);
    try {
      return await answer;
    } finally {
      if (answers.get(at) === settled) answers.delete(at);
    }
  };
}
