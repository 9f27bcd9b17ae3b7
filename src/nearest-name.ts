/** Returns the most similar known name: one that contains the other, or else one with a small edit distance. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  const contained = known.filter(
    (each) => wanted.includes(each.toLowerCase()) || each.toLowerCase().includes(wanted),
  );
  const candidates = contained.length > 0 && wanted.length > 2 ? contained : known;
  const limit = candidates === known ? Math.max(2, Math.floor(wanted.length / 3)) : Number.POSITIVE_INFINITY;
  const ranked = candidates
    .map((each) => ({ each, distance: editDistance(wanted, each.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.each;
}

/** Returns the Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
