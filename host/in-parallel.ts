/** At most `limit` at once; the results in the order of the items. The first error is thrown after those under way have ended. */
export const inParallel = async <T, R>(
  limit: number,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> => {
  const waiting = [...items.entries()];
  const results: R[] = [];
  const errors: unknown[] = [];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined && errors.length === 0; next = waiting.shift()) {
      const [index, item] = next;
      try {
        results[index] = await work(item);
      } catch (error) {
        errors.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (errors.length > 0) throw errors[0];
  return results;
};
