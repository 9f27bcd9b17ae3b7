import assert from 'node:assert/strict';
import { type Checks, commitNext } from './bench.js';

export const sharingChecks: Checks = {
  async 'every process is notified of a change (R22)'({ store, another, pass }) {
    const other = await another();
    const notified = new Set<string | undefined>();
    const unwatch = other.watch((cluster) => notified.add(cluster));
    await commitNext(store, 'a', 'one');
    await waitFor(() => notified.has('a') || notified.has(undefined), pass);
    notified.clear();
    await store.deleteCluster('a');
    await waitFor(() => notified.has('a') || notified.has(undefined), pass);
    unwatch();
    await pass(1_000);
    notified.clear();
    await commitNext(store, 'a', 'two');
    await pass(2_000);
    assert.equal(notified.size, 0);
  },

  async 'opens and closes repeatedly, and reports that it is healthy'({ store, context }) {
    await store.check();
    await store.open(context);
    await store.close();
    await store.close();
    assert.ok(store.name.length > 0);
  },
};

async function waitFor(condition: () => boolean, pass: (ms: number) => Promise<void>): Promise<void> {
  for (let i = 0; i < 50; i++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
    await pass(100);
  }
  assert.ok(condition(), 'was told within 5 s');
}
