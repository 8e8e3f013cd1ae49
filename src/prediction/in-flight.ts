/**
 * Works on some items at a time and gives what comes of them in order.
 *
 * @param workers that `work` keeps busy: one item for each of them is under way, and one more for whoever is done first
 * @throws what `items` or `work` throws, once nothing is under way
 */
export async function* inFlight<Item, Result>(
  items: AsyncIterable<Item>,
  workers: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const waiting: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      // Whoever waits for it hears of a failure; until then it must not count as nobody's.
      result.catch(() => undefined);
      waiting.push(result);
      if (waiting.length > workers) yield await (waiting.shift() as Promise<Result>);
    }
    for (const result of waiting) yield await result;
  } finally {
    await Promise.allSettled(waiting);
  }
}
