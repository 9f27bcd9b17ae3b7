import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyLedger, observe } from '../../../src/influxdb/ledger/ledger.js';
import { makePlan } from '../../../src/influxdb/plan/make-plan.js';
import { scaffoldPolicy } from '../../../src/influxdb/plan/plan-databases.js';
import { hasShards, provisionMetadata } from '../../../src/influxdb/provision/provision-metadata.js';
import { itemsOf, keyOf, keysOf } from '../../../src/influxdb/statements/item.js';
import type { MetaData, RetentionPolicyInfo } from '../../../src/meta/records.js';
import { anyMetadata } from '../support/arbitrary-metadata.js';
import { database, day, hour, metadata, policy, query, subscription, user } from '../support/build.js';

const server = { url: 'http://127.0.0.1:8086' };
const origin = { clusterId: 99n, epoch: 'e', version: 1 };

/** The plan of an agent that never saw the server before. */
function planOf(wanted: MetaData, present: MetaData) {
  const ledger = observe(emptyLedger(server, origin), { server, origin, wanted, present: metadata() });
  const passwords = new Map(wanted.users.map(({ name }) => [name, { kind: 'same' } as const]));
  return makePlan({
    wanted,
    present,
    ledger,
    passwords,
    drops: 'report',
    maxDrops: 1,
    serverVersion: '1.12.4',
  });
}

/** Gives a shard group to every second policy. */
function withShards(data: MetaData): MetaData {
  let id = 0n;
  const fill = (info: RetentionPolicyInfo): RetentionPolicyInfo => {
    id += 1n;
    const group = { id, startTime: 0n, endTime: day, shards: [{ id, owners: [] }] };
    return id % 2n === 0n ? info : { ...info, shardGroups: [group] };
  };
  const databases = data.databases.map((each) => ({
    ...each,
    retentionPolicies: each.retentionPolicies.map(fill),
  }));
  return { ...data, databases, maxShardId: id, maxShardGroupId: id, clusterId: 7n, index: 12n, term: 3n };
}

/** Items that the cluster may replace. */
const valued: ReadonlySet<string> = new Set(['retention', 'writeLimit', 'grant']);

const policiesWithShards = ({ databases }: MetaData) =>
  databases.flatMap(({ name, retentionPolicies }) =>
    retentionPolicies.filter(hasShards).map((info) => [name, info.name, info.shardGroups]),
  );

describe('R34: provisionMetadata', () => {
  it.each([false, true])('leaves an agent nothing to do, with any metadata (exact: %s)', (exact) => {
    fc.assert(
      fc.property(anyMetadata, anyMetadata, (present, cluster) => {
        const result = provisionMetadata(withShards(present), cluster, { exact });
        const { steps, pending } = planOf(cluster, result.metadata);
        expect(steps).toEqual([]);
        expect(pending).toEqual([]);
      }),
    );
  });

  it.each([false, true])(
    'keeps identity, counters and every shard group of the server (exact: %s)',
    (exact) => {
      fc.assert(
        fc.property(anyMetadata, anyMetadata, (present, cluster) => {
          const before = withShards(present);
          const after = provisionMetadata(before, cluster, { exact }).metadata;
          const { databases: _databases, users: _users, ...rest } = after;
          expect(before).toMatchObject(rest);
          expect(new Set(policiesWithShards(after).map((each) => JSON.stringify(each, bigints)))).toEqual(
            new Set(policiesWithShards(before).map((each) => JSON.stringify(each, bigints))),
          );
        }),
      );
    },
  );

  it('keeps what only the server has, and is idempotent', () => {
    fc.assert(
      fc.property(anyMetadata, anyMetadata, (present, cluster) => {
        const once = provisionMetadata(present, cluster).metadata;
        const keys = new Set(keysOf(once));
        for (const item of itemsOf(present)) {
          if (valued.has(item.kind) || ('policy' in item && item.policy === scaffoldPolicy)) continue;
          expect(keys).toContain(keyOf(item));
        }
        expect(provisionMetadata(once, cluster).metadata).toEqual(once);
      }),
    );
  });

  it('copies hashes, privileges, queries and subscriptions unchanged', () => {
    const cluster = metadata({
      databases: [
        database('d', [policy('p', { subscriptions: [subscription('s', 'ANY', ['http://h:1'])] })], {
          continuousQueries: [query('c', 'CREATE CONTINUOUS QUERY c ON d BEGIN SELECT 1 END')],
        }),
      ],
      users: [
        user('root', { admin: true }),
        user('u', {
          privileges: new Map([
            ['d', 2],
            ['gone', 0],
          ]),
        }),
      ],
    });
    const { metadata: after } = provisionMetadata(metadata({ clusterId: 5n }), cluster);
    expect(after).toEqual({ ...cluster, clusterId: 5n });
  });

  it('leaves local subscriptions and _internal to the server, with exact too', () => {
    const own = policy('p', { subscriptions: [subscription('kapacitor-1'), subscription('mine')] });
    const present = metadata({ databases: [database('_internal'), database('d', [own])] });
    const shared = policy('p', { subscriptions: [subscription('kapacitor-2'), subscription('all')] });
    const cluster = metadata({
      databases: [database('d', [shared]), database('_internal', [policy('other')])],
    });
    const subscriptionsOf = (exact: boolean, localSubscriptions = 'kapacitor-') => {
      const { databases } = provisionMetadata(present, cluster, { exact, localSubscriptions }).metadata;
      expect(databases[0]).toBe(present.databases[0]);
      return databases[1]?.retentionPolicies[0]?.subscriptions.map(({ name }) => name);
    };
    expect(subscriptionsOf(false)).toEqual(['kapacitor-1', 'mine', 'all']);
    expect(subscriptionsOf(true)).toEqual(['kapacitor-1', 'all']);
    expect(subscriptionsOf(true, '')).toEqual(['kapacitor-2', 'all']);
  });

  it('removes with exact what only the server has, but nothing that has shards', () => {
    const group = { id: 1n, startTime: 0n, endTime: day, shards: [{ id: 1n, owners: [] }] };
    const full = policy('full', { shardGroups: [group], subscriptions: [subscription('s')] });
    const deleted = policy('deleted', { shardGroups: [{ ...group, id: 2n, deletedAt: 5n }] });
    const present = metadata({
      databases: [
        database('empty'),
        database('filled', [full, policy('other')], { continuousQueries: [query('c', 'x')] }),
        database('d', [policy('p'), full, deleted, policy('unused')], {
          continuousQueries: [query('c', 'x')],
        }),
      ],
      users: [
        user('root', {
          admin: true,
          privileges: new Map([
            ['filled', 1],
            ['d', 1],
            ['empty', 1],
          ]),
        }),
        user('gone'),
      ],
    });
    const cluster = metadata({
      databases: [database('d', [policy('p')])],
      users: [user('root', { admin: true })],
    });
    const { metadata: after, kept } = provisionMetadata(present, cluster, { exact: true });
    expect(
      after.databases.map(({ name, retentionPolicies }) => [
        name,
        retentionPolicies.map((each) => each.name),
      ]),
    ).toEqual([
      ['filled', ['full', 'other']],
      ['d', ['p', 'full', 'deleted']],
    ]);
    expect(after.databases[0]).toBe(present.databases[1]);
    expect(after.databases[1]?.continuousQueries).toEqual([]);
    expect(after.users.map(({ name, privileges }) => [name, [...privileges]])).toEqual([
      ['root', [['filled', 1]]],
    ]);
    expect(kept).toEqual([
      { kind: 'database', database: 'filled' },
      { kind: 'retentionPolicy', database: 'd', policy: 'full' },
      { kind: 'retentionPolicy', database: 'd', policy: 'deleted' },
    ]);
  });

  it('leaves out what no server accepts, such as names that are paths', () => {
    const cluster = metadata({
      databases: [
        ...['..', 'a/b', 'x'.repeat(300)].map((name) => database(name)),
        database('d', [
          policy('../p'),
          policy('p', { duration: 1n }),
          policy('q', { shardGroupDuration: 0n }),
        ]),
      ],
    });
    const { metadata: after, refused } = provisionMetadata(metadata(), cluster);
    expect(after.databases.map(({ name }) => name)).toEqual(['d']);
    expect(after.databases[0]?.retentionPolicies).toMatchObject([
      { name: 'q', shardGroupDuration: 7n * day },
    ]);
    expect(refused).toHaveLength(5);
  });

  it('lists policies that keep less than before', () => {
    const present = metadata({
      databases: [database('d', [policy('p', { duration: day }), policy('q', { duration: hour })])],
    });
    const cluster = metadata({
      databases: [database('d', [policy('p', { duration: hour }), policy('q', { duration: day })])],
    });
    expect(provisionMetadata(present, cluster).shortened).toMatchObject([{ policy: 'p', duration: hour }]);
  });
});

const bigints = (_key: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
