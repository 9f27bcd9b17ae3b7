/** Number of requesters, and of versions shown to them, that are remembered for one cluster. */
const maxRemembered = 1_000;

/** Adds an entry, and drops the oldest beyond the limit. */
export function remember<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= maxRemembered) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
