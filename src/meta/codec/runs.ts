import { notesOn } from '../notes.js';

/** A stretch of one list that stands in another too: `list[start … end)` is `origin[from …]`. */
export interface Run {
  readonly start: number;
  readonly end: number;
  readonly from: number;
}

/** Runs are needed when a list is encoded, and again when its records are located. */
const keptRuns = notesOn<readonly unknown[], { readonly origin: readonly unknown[]; readonly runs: Run[] }>();

/** As {@link commonRuns}, computed once for a list and its origin. */
export function runsFromOrigin(list: readonly unknown[], origin: readonly unknown[]): readonly Run[] {
  const kept = keptRuns.get(list);
  if (kept?.origin === origin) return kept.runs;
  const runs = commonRuns(list, origin);
  keptRuns.set(list, { origin, runs });
  return runs;
}

/** How many neighbours may have been changed, added or removed together before the rest is taken for changed as well. */
const window = 16;

/**
 * What `list` has in common with `origin`, of which it is a changed copy, by identity and in order. It may find less than there is
 * (where very many neighbours changed), never what is not there.
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

/** How many elements to pass over in each, at a difference, to find them alike again. */
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
