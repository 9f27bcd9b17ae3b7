import fc from 'fast-check';
import type { DatabaseInfo, MetaData, RetentionPolicyInfo, UserInfo } from '../../../src/meta/records.js';
import { day, hour, metadata, policy } from './build.js';

/** Few names, so that two metadata have much in common and differ in every way. */
const names = ['a', 'b', 'c'];
const policyNames = ['autogen', 'p', 'q', 'cflux-none'];

const subscriptions = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('s', 't'),
    mode: fc.constantFrom('ALL', 'ANY'),
    destinations: fc.constantFrom(['udp://h:1'], ['udp://h:2', 'http://h:3']),
  }),
  { selector: ({ name }) => name, maxLength: 2 },
);

/** Mostly not stated, as in metadata from before InfluxDB 1.12. */
const writeLimit = fc.constantFrom(undefined, undefined, 0n, hour, day);

const policies: fc.Arbitrary<RetentionPolicyInfo[]> = fc.uniqueArray(
  fc
    .record({
      name: fc.constantFrom(...policyNames),
      replicaN: fc.constantFrom(1, 2),
      duration: fc.constantFrom(0n, hour, day, 30n * day),
      shardGroupDuration: fc.constantFrom(hour, day),
      future: writeLimit,
      past: writeLimit,
      subscriptions,
    })
    .map(({ name, future, past, ...values }) =>
      policy(name, {
        ...values,
        ...(future === undefined ? {} : { futureWriteLimit: future }),
        ...(past === undefined ? {} : { pastWriteLimit: past }),
        // The server refuses shard groups that last longer than the points in them.
        shardGroupDuration: values.duration === hour ? hour : values.shardGroupDuration,
      }),
    ),
  { selector: ({ name }) => name, maxLength: 3 },
);

const database: fc.Arbitrary<DatabaseInfo> = fc
  .record({
    name: fc.constantFrom(...names, '_internal'),
    retentionPolicies: policies,
    defaultRetentionPolicy: fc.constantFrom(...policyNames, ''),
    queries: fc.uniqueArray(fc.record({ name: fc.constantFrom('k', 'l'), from: fc.constantFrom('x', 'y') }), {
      selector: ({ name }) => name,
      maxLength: 2,
    }),
  })
  .map(({ queries, ...rest }) => ({
    ...rest,
    continuousQueries: queries.map(({ name, from }) => ({
      name,
      query: `CREATE CONTINUOUS QUERY ${name} ON ${rest.name} BEGIN SELECT mean(v) INTO m FROM ${from} GROUP BY time(1m) END`,
    })),
  }));

const user: fc.Arbitrary<UserInfo> = fc
  .record({
    name: fc.constantFrom('root', 'u', 'v'),
    hash: fc.constantFrom('h1', 'h2'),
    admin: fc.boolean(),
    privileges: fc.dictionary(
      fc.constantFrom(...names, '_internal', 'nowhere'),
      fc.integer({ min: 0, max: 4 }),
    ),
  })
  .map(({ privileges, ...rest }) => ({ ...rest, privileges: new Map(Object.entries(privileges)) }));

/** Any metadata that a server or a cluster may have, of small names. */
export const anyMetadata: fc.Arbitrary<MetaData> = fc
  .record({
    databases: fc.uniqueArray(database, { selector: ({ name }) => name, maxLength: 4 }),
    users: fc.uniqueArray(user, { selector: ({ name }) => name, maxLength: 3 }),
  })
  .map(metadata);
