import assert from 'node:assert/strict';
import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import { equalMetadata } from '../../meta/equal-metadata.js';
import type { MetaData } from '../../meta/records.js';
import { day, names, week } from './bench.js';
import type { Checks } from './check.js';

/** Something in every field. */
const everything: MetaData = {
  term: 3n,
  index: 17n,
  clusterId: 9_223_372_036_854_775_807n,
  databases: [
    {
      name: 'db',
      defaultRetentionPolicy: 'gone',
      retentionPolicies: [
        {
          name: 'p',
          replicaN: 2,
          duration: 30n * day,
          shardGroupDuration: day,
          shardGroups: [
            { id: 7n, startTime: -day, endTime: 0n, deletedAt: 5n, shards: [] },
            {
              id: 8n,
              startTime: 0n,
              endTime: day,
              truncatedAt: 9n,
              shards: [{ id: 18n, owners: [{ nodeId: 4n }] }],
            },
          ],
          subscriptions: [{ name: 's', mode: 'ANY', destinations: ['udp://h:1', 'http://h:2'] }],
        },
      ],
      continuousQueries: [{ name: 'q', query: 'SELECT' }],
    },
    { name: '', defaultRetentionPolicy: '', retentionPolicies: [], continuousQueries: [] },
  ],
  users: [
    {
      name: 'ada',
      hash: 'no hash',
      admin: true,
      privileges: new Map([
        ['db', 3],
        ['nowhere', 0],
      ]),
    },
  ],
  maxNodeId: 0n,
  maxShardGroupId: 40n,
  maxShardId: 50n,
};

export const wholeChecks: Checks = {
  async 'setData replaces everything, and data gives it back'({ meta, now }) {
    await meta.createDatabase('old');
    await meta.createUser('old', 'secret', false);
    const before = await now();
    assert.equal(await meta.setData(everything), undefined);
    const after = await now();
    assert.ok(equalMetadata(after, everything));
    assert.deepEqual({ ...after, index: 0n }, { ...everything, index: 0n });
    assert.equal(await meta.clusterId(), everything.clusterId);
    assert.deepEqual((await meta.userPrivileges('ada')).get('db'), 3);
    await meta.setData(before);
    assert.ok(equalMetadata(await now(), before));
    assert.deepEqual(names(await meta.databases()), ['old']);
  },

  async 'after setData ids go on where those in it ended'({ meta, shardGroup }) {
    await meta.setData(everything);
    await meta.createDatabase('new');
    const { id, shards } = await shardGroup('new', 0n);
    assert.deepEqual([id, shards], [41n, [{ id: 51n, owners: [] }]]);
  },

  async 'setData of what is there already changes nothing'({ meta, now, unchangedBy }) {
    await meta.createDatabase('db');
    const data = await now();
    await unchangedBy(() => meta.setData(data));
  },

  async 'marshalBinary gives the metadata as bytes'({ meta, now }) {
    await meta.setData(everything);
    const decoded = decodeMetadata(await meta.marshalBinary());
    assert.ok(equalMetadata(decoded, await now()));
    assert.ok(equalMetadata(decoded, everything));
  },

  async 'clusterId is that of the data'({ meta, now, unchangedBy }) {
    const id = await meta.clusterId();
    assert.equal(typeof id, 'bigint');
    assert.equal((await now()).clusterId, id);
    await meta.createDatabase('db');
    assert.equal(await unchangedBy(() => meta.clusterId()), id, 'it stays');
  },

  async 'waitForDataChanged resolves at the next change, and not before'({ meta }) {
    await meta.createDatabase('before');
    let changes = 0;
    const changed = meta.waitForDataChanged().then(() => changes++);
    await Promise.resolve(meta.createDatabase('')).catch(() => undefined);
    await meta.databases();
    assert.equal(changes, 0);
    await meta.createDatabase('db');
    await soon(changed, 'the change is told');
    assert.ok(await meta.database('db'), 'it is there when the change is told');
  },

  async 'acquireLease gives a minute to whoever asks, and remembers nothing'({ meta, unchangedBy }) {
    const earliest = BigInt(Date.now()) * 1_000_000n;
    for (let time = 1; time <= 2; time++) {
      const { name, expiration, owner } = await unchangedBy(() => meta.acquireLease('continuous_querier'));
      assert.deepEqual([name, owner], ['continuous_querier', 0n]);
      assert.ok(expiration > earliest && expiration < earliest + week, 'nanoseconds since 1970');
    }
  },

  async 'changes asked for together are all made, in the order of asking'({ meta }) {
    const wanted = Array.from({ length: 30 }, (_, i) => `db${i}`);
    const made = await Promise.allSettled(
      wanted.map(async (name, i) => (i % 3 === 2 ? meta.createDatabase('') : meta.createDatabase(name))),
    );
    assert.deepEqual(
      made.map(({ status }) => status),
      wanted.map((_, i) => (i % 3 === 2 ? 'rejected' : 'fulfilled')),
    );
    assert.deepEqual(
      names(await meta.databases()),
      wanted.filter((_, i) => i % 3 !== 2),
    );
  },

  async 'what was changed is there when the store is opened again'({ meta, now, reopen }) {
    if (reopen === undefined) return;
    await meta.setData(everything);
    await meta.createDatabase('db2');
    await meta.createUser('bob', 'secret', false);
    const before = await now();
    const again = await reopen();
    assert.ok(equalMetadata(await now(again), before));
    assert.equal((await again.authenticate('bob', 'secret')).name, 'bob');
  },
};

/** Rejects where `promise` is not settled after a while, so that a check ends. */
async function soon(promise: Promise<unknown>, what: string): Promise<void> {
  let guard: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    guard = setTimeout(
      () => reject(new assert.AssertionError({ message: `not within 10 s: ${what}` })),
      10_000,
    );
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(guard);
  }
}
