import assert from 'node:assert/strict';
import { ManualClock } from '../manual-clock.js';
import { bytes, type Checks, commitNext, push, text } from './bench.js';

export const commitChecks: Checks = {
  async 'a cluster without data has an epoch, and no version'({ store, another }) {
    const head = await store.head('a');
    assert.match(head.epoch, /^[\x21-\x7e]{1,128}$/);
    assert.equal(head.latest, undefined);
    assert.deepEqual(await store.history('a'), []);
    assert.deepEqual(await store.clusters(), []);
    assert.equal(await store.read('a', 1), undefined);
    const other = await another();
    assert.equal((await other.head('a')).epoch, head.epoch, 'one epoch for all processes');
    assert.notEqual((await store.head('b')).epoch, head.epoch, 'each cluster has its own');
  },

  async 'the first commit is taken at any base; afterwards only the newest is (R20)'({ store }) {
    const first = await store.commit(push('a', 42, 'one'));
    assert.equal(first.kind, 'committed');
    const conflict = await store.commit(push('a', 42, 'two'));
    assert.equal(conflict.kind, 'conflict');
    assert.deepEqual(conflict.latest, first.record);
    const second = await store.commit(push('a', first.record.version, 'two'));
    assert.equal(second.kind, 'committed');
    assert.ok(second.record.version > first.record.version);
    assert.equal(text(await store.read('a', second.record.version)), 'two');
    assert.deepEqual((await store.head('a')).latest, second.record);
    assert.equal(second.record.size, 3);
  },

  async 'a committed version is there for the next process, with its author and time (R20)'({
    store,
    another,
  }) {
    const result = await store.commit(push('a', 0, 'one', { nodeId: 7, author: 'ops', mutation: 'm' }));
    assert.equal(result.kind, 'committed');
    await store.close();
    const other = await another();
    const head = await other.head('a');
    assert.equal(head.epoch, result.epoch);
    assert.deepEqual(head.latest, result.record);
    assert.equal(head.latest?.nodeId, 7);
    assert.equal(head.latest?.author, 'ops');
    assert.equal(head.latest?.mutation, 'm');
    assert.equal(text(await other.read('a', result.record.version)), 'one');
  },

  async 'of commits at one base exactly one wins, whichever process they come from (R20)'({
    store,
    another,
  }) {
    const base = await commitNext(store, 'a', 'base');
    const other = await another();
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? store : other).commit(push('a', base, `${i}`))),
    );
    assert.equal(results.filter(({ kind }) => kind === 'committed').length, 1);
    assert.equal(results.filter(({ kind }) => kind === 'conflict').length, 19);
  },

  async 'every change of many writers is in the history once (R20)'({ store, another }) {
    const stores = [store, await another()];
    const write = async (writer: number) => {
      for (let i = 0; i < 5; i++) {
        for (;;) {
          const from = stores[(writer + i) % 2] ?? store;
          const { latest } = await from.head('a');
          const version = latest?.version ?? 0;
          const snapshot = latest === undefined ? bytes('') : await from.read('a', version);
          if (snapshot === undefined) continue;
          const next = `${text(snapshot)}${writer}.${i} `;
          if ((await from.commit(push('a', version, next))).kind === 'committed') break;
        }
      }
    };
    await Promise.all([0, 1, 2, 3].map(write));
    const { latest } = await store.head('a');
    const words = text(await store.read('a', latest?.version ?? 0))
      .trim()
      .split(' ');
    assert.equal(words.length, 20);
    assert.equal(new Set(words).size, 20);
  },

  async 'a mutation is stored once, also when it is sent again through another process (R27)'({
    store,
    another,
    context,
  }) {
    const first = push('a', 0, 'one');
    const result = await store.commit(first);
    assert.equal(result.kind, 'committed');
    const { version } = result.record;
    // It is known longer than its version is kept.
    for (let i = 0; i < context.keepVersions; i++) await commitNext(store, 'a', `${i}`);
    assert.equal(await store.read('a', version), undefined);
    const other = await another();
    for (const again of [store, other]) {
      const { epoch } = await again.head('a');
      assert.deepEqual(await again.commit(first), { kind: 'repeated', epoch, version });
      // Known mutations are recognized whatever else the commit contains.
      assert.deepEqual(await again.commit({ ...first, base: 7, epoch: 'another' }), {
        kind: 'repeated',
        epoch,
        version,
      });
    }
    const newest = (await store.history('a')).map((record) => record.mutation);
    assert.ok(!newest.includes(first.mutation), 'it is not stored again');
    assert.equal((await store.commit({ ...first, cluster: 'b' })).kind, 'committed', 'per cluster');
  },

  async 'a mutation is remembered for its time, and by a process that starts later (R27)'({
    store,
    another,
    context,
    pass,
  }) {
    if (!(context.clock instanceof ManualClock)) return;
    const first = push('a', 0, 'one');
    await store.commit(first);
    context.clock.setWall(context.clock.now() + 30 * 86_400_000);
    await pass(context.mutationMemory - 1_000);
    for (let i = 0; i < 2 * context.keepVersions; i++) await commitNext(store, 'a', `${i}`);
    assert.equal((await store.commit(first)).kind, 'repeated');
    await store.close();
    const other = await another();
    await commitNext(other, 'a', 'later');
    assert.equal((await other.commit(first)).kind, 'repeated');
  },

  async 'another epoch is refused, and stores nothing (R11)'({ store }) {
    const { epoch } = await store.head('a');
    assert.deepEqual(await store.commit(push('a', 0, 'one', { epoch: 'another' })), {
      kind: 'epochMismatch',
      epoch,
    });
    assert.equal((await store.head('a')).latest, undefined);
    const result = await store.commit(push('a', 0, 'one', { epoch }));
    assert.equal(result.kind, 'committed');
    assert.equal(result.epoch, epoch, 'the epoch before the first version is the epoch after it');
    const { version } = result.record;
    assert.equal((await store.commit(push('a', version, 'two', { epoch: 'another' }))).kind, 'epochMismatch');
    // The base belongs to that other epoch: it is not compared.
    const elsewhere = push('a', version + 1, 'two', { epoch: 'another' });
    assert.deepEqual(await store.commit(elsewhere), { kind: 'epochMismatch', epoch });
  },
};
