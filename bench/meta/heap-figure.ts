import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { decodeMetadata, encodeMetadata } from 'clusterflux';
import { benchmarkSnapshot } from '../../test/meta/support/benchmark-snapshot.js';
import type { Figure } from '../report.js';

/** Collects all garbage; Node does not offer that to a process that is running already. */
function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc');
}

/** Heap of the decoded snapshot of a thousand databases, without its bytes, which are outside of the heap. */
export async function heapFigure(): Promise<Figure> {
  const bytes = encodeMetadata(benchmarkSnapshot());
  const collectOnce = garbageCollector();
  // What only weak maps refer to goes bit by bit.
  const collect = async () => {
    for (let i = 0; i < 5; i++) {
      collectOnce();
      await nextTurn();
    }
  };
  await collect();
  const before = process.memoryUsage().heapUsed;
  const data = decodeMetadata(bytes);
  await collect();
  const value = (process.memoryUsage().heapUsed - before) / 1e6;
  if (data.databases.length !== 1000) throw new Error('not the snapshot');
  return {
    name: `heap of a decoded snapshot of ${(bytes.length / 1e6).toFixed(1)} MB`,
    value,
    unit: 'MB',
    target: 60,
  };
}
