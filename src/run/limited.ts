/**
 * Applies `work` to every item with at most `limit` at a time, in order of the items.
 *
 * @returns the results in the order of the items; the first rejection is thrown after the started ones have settled
 */
export async function mapLimited<T, R>(
  items: Iterable<T>,
  limit: number,
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const entries = [...items].entries();
  let failed = false;
  const lane = async () => {
    for (const [index, item] of entries) {
      if (failed) return;
      try {
        results[index] = await work(item, index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: limit }, lane));
  const rejected = lanes.find((settled) => settled.status === 'rejected');
  if (rejected !== undefined) throw rejected.reason;
  return results;
}
