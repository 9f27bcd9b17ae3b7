import { type ArgumentKind, argument, fieldsCheck, wrongArgument } from '../check-arguments.js';
import type { CfluxError } from '../errors.js';
import {
  anything,
  bigint,
  either,
  flag,
  listOf,
  number,
  object,
  objectWith,
  string,
  type ValueKind,
} from '../value-kinds.js';
import { misfitOf, misfitOfItems } from './check-shape.js';
import type { MetaClient } from './meta-client.js';
import { type SharedName, sharedMethods } from './methods.js';
import type { Shape } from './record-shapes.js';
import type { MeasurementSource, MetaData, RetentionPolicyInfo, RetentionPolicySpec } from './records.js';

type ArgumentsOf<Args extends readonly unknown[]> = { readonly [Position in keyof Args]: ArgumentKind };

const name = argument('name', string);
const database = argument('database', string);
const policy = argument('policy', string);
const username = argument('username', string);
const makeDefault = argument('makeDefault', flag);
const admin = argument('admin', flag);
const shardId = argument('shardId', bigint);
const timestamp = argument('timestamp', bigint);

const password = argument('password', {
  expected: 'a string',
  accepts: (value) => typeof value === 'string' || hashed.accepts(value),
});
const hashed = objectWith('matches');

const duration: ValueKind = {
  expected: 'a bigint of nanoseconds or a string such as "7d"',
  accepts: either(bigint, string).accepts,
};

/** The fields of a policy that exists are accepted, so that it may be the specification of another one. */
const specFields: {
  readonly [Field in keyof Required<RetentionPolicySpec & RetentionPolicyInfo>]: ValueKind;
} = {
  name: string,
  replicaN: number,
  duration,
  shardGroupDuration: duration,
  futureWriteLimit: duration,
  pastWriteLimit: duration,
  shardGroups: anything,
  subscriptions: anything,
  unknownFields: anything,
};
const withSpecFields = { inside: fieldsCheck(specFields) };
// InfluxDB itself refuses a missing specification.
const spec: ArgumentKind = {
  ...argument('spec', {
    expected: object.expected,
    accepts: (value) => value == null || object.accepts(value),
  }),
  ...withSpecFields,
};
const update: ArgumentKind = { ...argument('update', object), ...withSpecFields };

const sourceShape: Shape<MeasurementSource> = { database: string, retentionPolicy: string };
const sources: ArgumentKind = {
  ...argument('sources', anything),
  inside: (value) => misfitOfItems(value, sourceShape),
};
const data: ArgumentKind = { ...argument('data', anything), inside: (value) => misfitOf(value) };

/** The arguments of every method; the type makes it complete. */
const methodArguments: {
  readonly [Name in SharedName]: ArgumentsOf<Parameters<MetaClient[Name]>>;
} = {
  clusterId: [],
  data: [],
  setData: [data],
  marshalBinary: [],
  waitForDataChanged: [],
  acquireLease: [name],
  database: [name],
  databases: [],
  createDatabase: [name],
  createDatabaseWithRetentionPolicy: [name, spec],
  dropDatabase: [name],
  retentionPolicy: [database, name],
  createRetentionPolicy: [database, spec, makeDefault],
  updateRetentionPolicy: [database, name, update, makeDefault],
  dropRetentionPolicy: [database, name],
  users: [],
  user: [name],
  userCount: [],
  adminUserExists: [],
  createUser: [name, password, admin],
  updateUser: [name, password],
  dropUser: [name],
  setPrivilege: [username, database, argument('privilege', number)],
  setAdminPrivilege: [username, admin],
  userPrivileges: [username],
  userPrivilege: [username, database],
  authenticate: [username, argument('password', string)],
  shardIds: [],
  shardGroupsByTimeRange: [database, policy, argument('min', bigint), argument('max', bigint)],
  shardsByTimeRange: [sources, argument('min', bigint), argument('max', bigint)],
  shardOwner: [shardId],
  dropShard: [argument('id', bigint)],
  createShardGroup: [database, policy, timestamp],
  deleteShardGroup: [database, policy, argument('id', bigint)],
  precreateShardGroups: [argument('from', bigint), argument('to', bigint)],
  truncateShardGroups: [timestamp],
  pruneShardGroups: [],
  createContinuousQuery: [database, name, argument('query', string)],
  dropContinuousQuery: [database, name],
  createSubscription: [
    database,
    policy,
    name,
    argument('mode', string),
    argument('destinations', listOf(string)),
  ],
  dropSubscription: [database, policy, name],
};

/** Returns the CfluxError `INVALID_ARGUMENT` for the first argument of a wrong type. */
export function wrongArgumentOf(method: SharedName, values: readonly unknown[]): CfluxError | undefined {
  return wrongArgument(method, methodArguments[method], values);
}

/** Checks metadata that replaces `known`: unchanged records are not checked again. @throws CfluxError `INVALID_ARGUMENT` */
export function checkedData(given: MetaData, known: MetaData): MetaData {
  const wrong = wrongArgument('setData', [{ ...data, inside: (value) => misfitOf(value, known) }], [given]);
  if (wrong !== undefined) throw wrong;
  return given;
}

/**
 * Makes the methods of `prototype` refuse arguments of wrong types: mutations and `authenticate` by a rejection, other reads by an
 * exception. Not `setData`, which checks changed records only.
 */
export function guardArguments(prototype: MetaClient): void {
  for (const [name, kind] of sharedMethods) {
    if (name === 'setData' || methodArguments[name].length === 0) continue;
    const method = prototype[name] as (...values: unknown[]) => unknown;
    const rejects = kind === 'mutation' || name === 'authenticate';
    const value = {
      [name](this: MetaClient, ...values: unknown[]): unknown {
        const wrong = wrongArgumentOf(name, values);
        if (wrong === undefined) return Reflect.apply(method, this, values);
        if (rejects) return Promise.reject(wrong);
        throw wrong;
      },
    }[name];
    Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
}
