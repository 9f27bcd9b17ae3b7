import type { MetaData } from '../records.js';

/*
 * Slow checks of all fields, executed only after the writer detected an error: they find the field and the reason.
 */

const uint64 = { least: 0n, most: 2n ** 64n - 1n, name: 'an unsigned 64-bit integer' };
const int64 = { least: -(2n ** 63n), most: 2n ** 63n - 1n, name: 'a signed 64-bit integer' };
const uint32 = { least: 0, most: 2 ** 32 - 1, name: 'an unsigned 32-bit integer' };
const int32 = { least: -(2 ** 31), most: 2 ** 31 - 1, name: 'a signed 32-bit integer' };

function describe(value: unknown): string {
  return typeof value === 'string' ? 'a string' : typeof value === 'object' ? 'an object' : String(value);
}

function checkType(place: string, value: unknown, type: 'bigint' | 'number' | 'string' | 'boolean'): void {
  if (typeof value !== type) throw new TypeError(`${place} must be a ${type}, not ${describe(value)}`);
}

function checkBigint(place: string, value: bigint, range: typeof uint64): void {
  checkType(place, value, 'bigint');
  if (value < range.least || value > range.most)
    throw new RangeError(`${place} must be ${range.name}, not ${value}`);
}

function checkNumber(place: string, value: number, range: typeof uint32): void {
  checkType(place, value, 'number');
  if (!Number.isInteger(value) || value < range.least || value > range.most) {
    throw new RangeError(`${place} must be ${range.name}, not ${value}`);
  }
}

function each<T>(place: string, list: readonly T[], check: (place: string, item: T) => void): void {
  if (!Array.isArray(list)) throw new TypeError(`${place} must be an array, not ${describe(list)}`);
  for (const [position, item] of list.entries()) {
    const at = `${place}[${position}]`;
    if (item === undefined || item === null) throw new TypeError(`${at} is missing`);
    check(at, item);
  }
}

/** Throws a RangeError or TypeError that names the first field of `data` that cannot be encoded. */
export function checkRanges(data: MetaData): void {
  for (const field of ['term', 'index', 'clusterId', 'maxNodeId', 'maxShardGroupId', 'maxShardId'] as const) {
    checkBigint(field, data[field], uint64);
  }
  each(
    'databases',
    data.databases,
    (database, { name, defaultRetentionPolicy, retentionPolicies, continuousQueries }) => {
      checkType(`${database}.name`, name, 'string');
      checkType(`${database}.defaultRetentionPolicy`, defaultRetentionPolicy, 'string');
      each(`${database}.retentionPolicies`, retentionPolicies, (policy, { name, duration, ...rest }) => {
        checkType(`${policy}.name`, name, 'string');
        checkBigint(`${policy}.duration`, duration, int64);
        checkBigint(`${policy}.shardGroupDuration`, rest.shardGroupDuration, int64);
        checkNumber(`${policy}.replicaN`, rest.replicaN, uint32);
        checkBigint(`${policy}.futureWriteLimit`, rest.futureWriteLimit ?? 0n, int64);
        checkBigint(`${policy}.pastWriteLimit`, rest.pastWriteLimit ?? 0n, int64);
        each(`${policy}.shardGroups`, rest.shardGroups, (group, { id, startTime, endTime, ...rest }) => {
          checkBigint(`${group}.id`, id, uint64);
          checkBigint(`${group}.startTime`, startTime, int64);
          checkBigint(`${group}.endTime`, endTime, int64);
          checkBigint(`${group}.deletedAt`, rest.deletedAt ?? 0n, int64);
          checkBigint(`${group}.truncatedAt`, rest.truncatedAt ?? 0n, int64);
          each(`${group}.shards`, rest.shards, (shard, { id, owners }) => {
            checkBigint(`${shard}.id`, id, uint64);
            each(`${shard}.owners`, owners, (owner, { nodeId }) =>
              checkBigint(`${owner}.nodeId`, nodeId, uint64),
            );
          });
        });
        each(`${policy}.subscriptions`, rest.subscriptions, (subscription, { name, mode, destinations }) => {
          checkType(`${subscription}.name`, name, 'string');
          checkType(`${subscription}.mode`, mode, 'string');
          each(`${subscription}.destinations`, destinations, (place, text) =>
            checkType(place, text, 'string'),
          );
        });
      });
      each(`${database}.continuousQueries`, continuousQueries, (continuousQuery, { name, query }) => {
        checkType(`${continuousQuery}.name`, name, 'string');
        checkType(`${continuousQuery}.query`, query, 'string');
      });
    },
  );
  each('users', data.users, (user, { name, hash, admin, privileges }) => {
    checkType(`${user}.name`, name, 'string');
    checkType(`${user}.hash`, hash, 'string');
    checkType(`${user}.admin`, admin, 'boolean');
    if (!(privileges instanceof Map))
      throw new TypeError(`${user}.privileges must be a Map, not ${describe(privileges)}`);
    for (const [database, privilege] of privileges) {
      checkNumber(`${user}.privileges[${JSON.stringify(database)}]`, privilege, int32);
    }
  });
}
