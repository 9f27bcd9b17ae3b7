const maxStep = 64 * 1024;

/** Returns the length of the common prefix of `a` from `i` and `b` from `j`, at most `most`. */
export function commonPrefix(a: Buffer, i: number, b: Buffer, j: number, most: number): number {
  const limit = Math.min(most, a.length - i, b.length - j);
  const equal = (from: number, to: number) => a.compare(b, j + from, j + to, i + from, i + to) === 0;
  // Compares ever longer stretches until one differs, then halves that one: so it must not be too long.
  let same = 0;
  let step = 1024;
  while (same < limit) {
    const next = Math.min(same + step, limit);
    if (!equal(same, next)) return firstDifference(equal, same, next);
    same = next;
    step = Math.min(step * 2, maxStep);
  }
  return limit;
}

/** Returns the first difference in `[from, to)`, which is known to differ. */
function firstDifference(equal: (from: number, to: number) => boolean, from: number, to: number): number {
  let low = from;
  let high = to;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (equal(low, middle)) low = middle;
    else high = middle;
  }
  return low;
}
