import { readJson, writeJson } from '../stored-json.js';
import { decodeUpdates, encodeUpdates, type ProgressUpdate } from './progress-updates.js';

/** The liveness changes of one cluster's nodes in one record. */
export interface LivenessDelta {
  readonly cluster: string;
  /** Nodes with a heartbeat. */
  readonly alive: readonly number[];
  /** Nodes that shut down: not alive until their next heartbeat. */
  readonly left: readonly number[];
  /** Reported progress, in order. */
  readonly words?: readonly ProgressUpdate[];
}

/** Ids are close to each other: the differences take a character or two, the ids thirteen. */
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
 * Encodes `{"news":[{"cluster":"a","alive":[1790000000000,1,1,3],"left":[],"epochs":["e"],"words":[…]}]}`: the lowest id, then the differences.
 * Managers of version 0.1 neither write nor read `epochs` and `words`.
 */
export const encodeLivenessDelta = (news: readonly LivenessDelta[]) =>
  writeJson({
    news: news.map(({ cluster, alive, left, words = [] }) => ({
      cluster,
      alive: encodeIds(alive),
      left: encodeIds(left),
      ...(words.length === 0 ? {} : encodeUpdates(words)),
    })),
  });

/** Decodes a record; the result is keyed by cluster. */
export function decodeLivenessDelta(key: string, value: Uint8Array): ReadonlyMap<string, LivenessDelta> {
  const news = readJson(key, value).objects('news');
  return new Map(
    news.map((each) => {
      const cluster = each.text('cluster');
      const [alive, left] = [decodeIds(each.integers('alive')), decodeIds(each.integers('left'))];
      const words = decodeUpdates(each);
      return [cluster, { cluster, alive, left, ...(words.length === 0 ? {} : { words }) }];
    }),
  );
}
