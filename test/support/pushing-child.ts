import { writeSync } from 'node:fs';
import { systemClock } from '../../src/clock.js';
import { LmdbStore } from '../../src/manager/stores/lmdb/lmdb-store.js';
import { systemRandom } from '../../src/random.js';
import { snapshotOn } from './snapshot-on.js';

// Pushes in a loop until it is killed, and prints on stdout what was acknowledged: `<version> <mutation>`.
const [dir = '', cluster = ''] = process.argv.slice(2);
const store = new LmdbStore({ dir, shared: true });
await store.open({
  clock: systemClock,
  random: systemRandom,
  nodeTtl: 15_000,
  keepVersions: 10,
  mutationMemory: 600_000,
  maxNodes: 100,
});
for (;;) {
  const { latest } = await store.head(cluster);
  const base = latest?.version ?? 0;
  const snapshot = snapshotOn(base);
  const mutation = `${process.pid}-${base}`;
  const result = await store.commit({ cluster, base, snapshot, mutation });
  if (result.kind !== 'committed') continue;
  writeSync(1, `${result.record.version} ${mutation}\n`);
}
