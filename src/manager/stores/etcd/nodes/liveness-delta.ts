import { readJson, writeJson } from '../stored-json.js';
import { decodeWords, encodeWords, type HeardWord } from './node-words.js';

/** What was said of one cluster's nodes at one time. */
export interface LivenessDelta {
  readonly cluster: string;
  /** Were heard of. */
  readonly alive: readonly number[];
  /** Said good-bye: they are not alive until they are heard of again. */
  readonly left: readonly number[];
  /** What they said, in its order. */
  readonly words?: readonly HeardWord[];
}

/** Ids follow one another closely: the differences are a character or two, the ids thirteen. */
function encodeIds(ids: readonly number[]): readonly number[] {
  const sorted = ids.toSorted((a, b) => a - b);
  return sorted.map((id, i) => id - (sorted[i - 1] ?? 0));
}

function decodeIds(differences: readonly number[]): readonly number[] {
  let id = 0;
  return differences.map((difference) => {
    id += difference;
    return id;
  });
}

/**
 * `{"news":[{"cluster":"a","alive":[1790000000000,1,1,3],"left":[],"epochs":["e"],"words":[…]}]}`: of ids the lowest, then the differences.
 * Managers of version 0.1 neither write nor read `epochs` and `words`.
 */
export const encodeLivenessDelta = (news: readonly LivenessDelta[]) =>
  writeJson({
    news: news.map(({ cluster, alive, left, words = [] }) => ({
      cluster,
      alive: encodeIds(alive),
      left: encodeIds(left),
      ...(words.length === 0 ? {} : encodeWords(words)),
    })),
  });

/** By cluster. */
export function decodeLivenessDelta(key: string, value: Uint8Array): ReadonlyMap<string, LivenessDelta> {
  const news = readJson(key, value).objects('news');
  return new Map(
    news.map((each) => {
      const cluster = each.text('cluster');
      const [alive, left] = [decodeIds(each.integers('alive')), decodeIds(each.integers('left'))];
      return [cluster, { cluster, alive, left, words: decodeWords(each) }];
    }),
  );
}
