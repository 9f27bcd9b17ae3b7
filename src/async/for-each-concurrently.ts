/** Runs `work` for each item, `limit` at a time, in order; rejects with the first failure. */
export async function forEachConcurrently<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  // All workers take from the same iterator.
  const waiting = items.values();
  const takeAll = async () => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, takeAll));
}
