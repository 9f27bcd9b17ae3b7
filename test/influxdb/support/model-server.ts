import type { Action, PolicyValues } from '../../../src/influxdb/statements/action.js';
import type { DatabaseInfo, MetaData, RetentionPolicyInfo, UserInfo } from '../../../src/meta/records.js';
import { policy } from './build.js';

/**
 * What a server's metadata is after `action`, as InfluxDB would have it (1.12, if it has write limits). What it would refuse throws: a plan must not
 * contain it.
 */
export function applied(data: MetaData, action: Action): MetaData {
  switch (action.kind) {
    case 'createDatabase': {
      if (data.databases.some(({ name }) => name === action.database)) throw refused(action, 'it exists');
      const database: DatabaseInfo = {
        name: action.database,
        defaultRetentionPolicy: action.policy.name,
        retentionPolicies: [made(action.policy)],
        continuousQueries: [],
      };
      return { ...data, databases: [...data.databases, database] };
    }
    case 'dropDatabase':
      return {
        ...data,
        databases: data.databases.filter(({ name }) => name !== action.database),
        users: data.users.map((user) => without(user, action.database)),
      };
    case 'createRetentionPolicy':
      return inDatabase(data, action, (database) => {
        if (database.retentionPolicies.some(({ name }) => name === action.policy.name))
          throw refused(action, 'it exists');
        return {
          ...database,
          retentionPolicies: [...database.retentionPolicies, made(action.policy)],
          ...(action.makeDefault ? { defaultRetentionPolicy: action.policy.name } : {}),
        };
      });
    case 'alterRetentionPolicy': {
      const { duration, replicaN, shardGroupDuration, futureWriteLimit, pastWriteLimit } = action;
      const changes = { duration, replicaN, shardGroupDuration, futureWriteLimit, pastWriteLimit };
      const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
      const next = inPolicy(data, action, (present) => {
        const altered = { ...present, ...given };
        if (altered.duration !== 0n && altered.duration < altered.shardGroupDuration)
          throw refused(action, 'incompatible');
        return altered;
      });
      if (action.makeDefault !== true) return next;
      return inDatabase(next, action, (database) => ({ ...database, defaultRetentionPolicy: action.policy }));
    }
    case 'dropScaffold':
    case 'dropRetentionPolicy':
      return inDatabase(data, action, (database) => ({
        ...database,
        retentionPolicies: database.retentionPolicies.filter(({ name }) => name !== action.policy),
      }));
    case 'createContinuousQuery':
    case 'replaceContinuousQuery':
    case 'dropContinuousQuery':
      return inDatabase(data, action, (database) => {
        const others = database.continuousQueries.filter(({ name }) => name !== action.name);
        if ('statement' in action) others.push({ name: action.name, query: action.statement });
        return { ...database, continuousQueries: others };
      });
    case 'createSubscription':
    case 'replaceSubscription':
    case 'dropSubscription':
      return inPolicy(data, action, (present) => {
        const others = present.subscriptions.filter(({ name }) => name !== action.name);
        if ('mode' in action)
          others.push({ name: action.name, mode: action.mode, destinations: action.destinations });
        return { ...present, subscriptions: others };
      });
    case 'createUser':
      if (data.users.some(({ name }) => name === action.user)) throw refused(action, 'it exists');
      return {
        ...data,
        users: [
          ...data.users,
          { name: action.user, hash: 'of the model', admin: action.admin, privileges: new Map() },
        ],
      };
    case 'dropUser':
      return { ...data, users: data.users.filter(({ name }) => name !== action.user) };
    case 'setPassword':
      return ofUser(data, action, (user) => ({ ...user, hash: 'of the model' }));
    case 'setAdmin':
      return ofUser(data, action, (user) => ({ ...user, admin: action.admin }));
    case 'grant':
    case 'revoke':
      return ofUser(data, action, (user) => {
        if (!data.databases.some(({ name }) => name === action.database))
          throw refused(action, 'no such database');
        const privilege = action.kind === 'grant' ? action.privilege : 0;
        return { ...user, privileges: new Map(user.privileges).set(action.database, privilege) };
      });
  }
}

const refused = (action: Action, why: string) => new Error(`the server refuses ${action.kind}: ${why}`);

const made = ({ name, ...values }: PolicyValues): RetentionPolicyInfo => policy(name, values);

function without(user: UserInfo, database: string): UserInfo {
  const privileges = new Map(user.privileges);
  privileges.delete(database);
  return { ...user, privileges };
}

function inDatabase(
  data: MetaData,
  action: Action & { readonly database: string },
  change: (database: DatabaseInfo) => DatabaseInfo,
): MetaData {
  if (!data.databases.some(({ name }) => name === action.database)) throw refused(action, 'no such database');
  return {
    ...data,
    databases: data.databases.map((database) =>
      database.name === action.database ? change(database) : database,
    ),
  };
}

function inPolicy(
  data: MetaData,
  action: Action & { readonly database: string; readonly policy: string },
  change: (policy: RetentionPolicyInfo) => RetentionPolicyInfo,
): MetaData {
  return inDatabase(data, action, (database) => {
    if (!database.retentionPolicies.some(({ name }) => name === action.policy))
      throw refused(action, 'no such policy');
    const retentionPolicies = database.retentionPolicies.map((entry) =>
      entry.name === action.policy ? change(entry) : entry,
    );
    return { ...database, retentionPolicies };
  });
}

function ofUser(
  data: MetaData,
  action: Action & { readonly user: string },
  change: (user: UserInfo) => UserInfo,
): MetaData {
  if (!data.users.some(({ name }) => name === action.user)) throw refused(action, 'no such user');
  return { ...data, users: data.users.map((user) => (user.name === action.user ? change(user) : user)) };
}
