import { notesOn } from '../notes.js';

/** A stretch of one list that another list has too: `list[start … end)` is `origin[from …]`. */
export interface Run {
  readonly start: number;
  readonly end: number;
  readonly from: number;
}

/** Runs are needed when a list is encoded, and again when its records are located. */
const keptRuns = notesOn<readonly unknown[], { readonly origin: readonly unknown[]; readonly runs: Run[] }>();

/** Same as {@link commonRuns}, cached for a list and its origin. */
export function runsFromOrigin(list: readonly unknown[], origin: readonly unknown[]): readonly Run[] {
  const kept = keptRuns.get(list);
  if (kept?.origin === origin) return kept.runs;
  const runs = commonRuns(list, origin);
  keptRuns.set(list, { origin, runs });
  return runs;
}

/** Number of adjacent changed, added or removed elements after which the rest counts as changed. */
const window = 16;

/**
 * Returns what `list` has in common with `origin`, of which it is a changed copy, by identity and in order. It may miss some (if very
 * many adjacent elements changed), but never returns wrong ones.
 */
export function commonRuns(list: readonly unknown[], origin: readonly unknown[]): Run[] {
  const runs: Run[] = [];
  let i = 0;
  let j = 0;
  while (i < list.length && j < origin.length) {
    const start = i;
    const from = j;
    while (i < list.length && j < origin.length && list[i] === origin[j]) {
      i++;
      j++;
    }
    if (i > start) runs.push({ start, end: i, from });
    const { inList, inOrigin } = stretchOfChange(list, i, origin, j);
    i += inList;
    j += inOrigin;
  }
  return runs;
}

/** Returns how many elements to skip in each list, at a difference, until they are equal again. */
function stretchOfChange(
  list: readonly unknown[],
  i: number,
  origin: readonly unknown[],
  j: number,
): { inList: number; inOrigin: number } {
  for (let n = 1; n <= window; n++) {
    if (i + n < list.length && j + n < origin.length && list[i + n] === origin[j + n]) {
      return { inList: n, inOrigin: n };
    }
    if (j + n < origin.length && list[i] === origin[j + n]) return { inList: 0, inOrigin: n };
    if (i + n < list.length && list[i + n] === origin[j]) return { inList: n, inOrigin: 0 };
  }
  return { inList: 1, inOrigin: 1 };
}
