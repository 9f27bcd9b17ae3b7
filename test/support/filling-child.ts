import { systemClock } from '../../src/clock.js';
import { isCfluxError } from '../../src/errors.js';
import { LmdbStore } from '../../src/manager/stores/lmdb/lmdb-store.js';
import { systemRandom } from '../../src/random.js';

// Pushes ever larger snapshots, and prints the result of each; at the end, how many are retained.
const [dir = ''] = process.argv.slice(2);
const store = new LmdbStore({ dir });
await store.open({
  clock: systemClock,
  random: systemRandom,
  nodeTtl: 15_000,
  keepVersions: 100,
  mutationMemory: 600_000,
  maxNodes: 100,
});
console.log(`found ${(await store.history('a')).length}`);
for (let i = 0; i < 20; i++) {
  const { latest } = await store.head('a');
  const snapshot = Buffer.alloc(20_000 + i * 10_000, i);
  try {
    await store.commit({
      cluster: 'a',
      base: latest?.version ?? 0,
      snapshot,
      mutation: `${process.pid}-${i}`,
    });
  } catch (error) {
    console.log(isCfluxError(error) ? `${error.code} ${error.outcome}` : error);
  }
}
console.log(`kept ${(await store.history('a')).length}`);
await store.close();
