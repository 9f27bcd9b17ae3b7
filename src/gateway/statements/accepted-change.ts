import type { AcceptedChange } from '../../influxdb/converge/accepted-change.js';
import { checkContinuousQuery } from '../../influxdb/plan/continuous-query-text.js';
import { valuesOf } from '../../influxdb/plan/policy-rules.js';
import type { Action } from '../../influxdb/statements/action.js';
import type { Item } from '../../influxdb/statements/item.js';
import type { WriteLimits } from '../../influxdb/statements/write-limits.js';
import { droppedBy } from '../../influxql/execute/execute-change.js';
import type { ClusterStatement, DatabaseOptions } from '../../influxql/statement.js';
import { findByName } from '../../meta/named-list.js';
import type { DatabaseInfo, MetaData, RetentionPolicyInfo } from '../../meta/records.js';
import type { DropOrder } from '../../protocol/drop-orders.js';

type Parts = Pick<AcceptedChange, 'items' | 'isDrop' | 'isIn' | 'actionIn'>;

/** The part of a drop order that is not in its statement. */
export type OrderOfStatement = Pick<DropOrder, 'version' | 'mutation' | 'at'>;

/**
 * Returns what a statement changed, in the form that the mirror of a server carries out. `order` is the part of the
 * drop order of the change that is not in the statement.
 */
export function acceptedChange(
  statement: ClusterStatement,
  version: number,
  order: OrderOfStatement | undefined,
): AcceptedChange {
  const password = 'password' in statement ? statement.password : undefined;
  const dropped = order && droppedBy(statement);
  return { ...partsOf(statement), version, password, order: dropped && { ...dropped, ...order } };
}

function partsOf(statement: ClusterStatement): Parts {
  switch (statement.kind) {
    case 'createDatabase':
    case 'dropDatabase':
      return ofDatabase(statement);
    case 'createRetentionPolicy':
    case 'alterRetentionPolicy':
    case 'dropRetentionPolicy':
      return ofPolicy(statement);
    case 'createContinuousQuery':
    case 'dropContinuousQuery':
      return ofContinuousQuery(statement);
    case 'createSubscription':
    case 'dropSubscription':
      return ofSubscription(statement);
    case 'grant':
    case 'revoke':
      return ofGrant(statement);
    default:
      return ofUser(statement);
  }
}

type Of<Kind extends ClusterStatement['kind']> = Extract<ClusterStatement, { kind: Kind }>;

const databaseIn = (data: MetaData, name: string): DatabaseInfo | undefined =>
  findByName(data.databases, name);

function policyIn(data: MetaData, database: string, name: string): RetentionPolicyInfo | undefined {
  const info = databaseIn(data, database);
  // An empty name means the default policy.
  return info?.retentionPolicies.find((policy) => policy.name === (name || info.defaultRetentionPolicy));
}

function ofDatabase(statement: Of<'createDatabase'> | Of<'dropDatabase'>): Parts {
  const { kind, name: database } = statement;
  const isDrop = kind === 'dropDatabase';
  return {
    items: [{ kind: 'database', database }],
    isDrop,
    isIn: (data) => databaseIn(data, database) !== undefined,
    actionIn: (data) => {
      if (isDrop) return { kind, database };
      const policy = policyIn(data, database, '');
      if (policy === undefined) return undefined;
      const limits = limitsOf(kind === 'createDatabase' ? statement.options : undefined);
      return { kind: 'createDatabase', database, policy: { ...valuesOf(policy), ...limits } };
    },
  };
}

function ofPolicy(
  statement: Of<'createRetentionPolicy' | 'alterRetentionPolicy'> | Of<'dropRetentionPolicy'>,
): Parts {
  const { database, name } = statement;
  return {
    items: [
      { kind: 'retentionPolicy', database, policy: name },
      { kind: 'database', database },
    ],
    isDrop: statement.kind === 'dropRetentionPolicy',
    isIn: (data) => policyIn(data, database, name) !== undefined,
    actionIn: (data) => {
      if (statement.kind === 'dropRetentionPolicy') return { kind: statement.kind, database, policy: name };
      const info = policyIn(data, database, name);
      return info && actionOnPolicy(statement, info);
    },
  };
}

function actionOnPolicy(
  { kind, database, options }: Of<'createRetentionPolicy' | 'alterRetentionPolicy'>,
  info: RetentionPolicyInfo,
): Action {
  const limits = limitsOf(options);
  const policy = { ...valuesOf(info), ...limits };
  const { makeDefault } = options;
  if (kind === 'createRetentionPolicy') return { kind, database, policy, makeDefault };
  const { duration, replicaN, shardGroupDuration } = policy;
  return {
    kind,
    database,
    policy: policy.name,
    ...(options.duration === undefined ? {} : { duration }),
    ...(options.replication === undefined ? {} : { replicaN }),
    ...(options.shardDuration === undefined ? {} : { shardGroupDuration }),
    ...limits,
    ...(makeDefault ? { makeDefault } : {}),
  };
}

/** Only those of the statement: the server has shown that it knows them. */
function limitsOf({ futureLimit, pastLimit }: DatabaseOptions = {}): WriteLimits {
  return {
    ...(futureLimit === undefined ? {} : { futureWriteLimit: futureLimit }),
    ...(pastLimit === undefined ? {} : { pastWriteLimit: pastLimit }),
  };
}

function ofContinuousQuery(statement: Of<'createContinuousQuery' | 'dropContinuousQuery'>): Parts {
  const { kind, database, name } = statement;
  const queryIn = (data: MetaData) =>
    databaseIn(data, database)?.continuousQueries.find((query) => query.name === name);
  return {
    items: [
      { kind: 'continuousQuery', database, name },
      { kind: 'database', database },
    ],
    isDrop: kind === 'dropContinuousQuery',
    isIn: (data) => queryIn(data) !== undefined,
    actionIn: (data) => {
      if (kind === 'dropContinuousQuery') return { kind, database, name };
      const checked = checkContinuousQuery(database, name, queryIn(data)?.query ?? '');
      return 'refused' in checked ? undefined : { kind, database, name, ...checked };
    },
  };
}

function ofSubscription(statement: Of<'createSubscription'> | Of<'dropSubscription'>): Parts {
  const { database, policy, name } = statement;
  const item: Item = { kind: 'subscription', database, policy, name };
  return {
    items: [item, { kind: 'retentionPolicy', database, policy }, { kind: 'database', database }],
    isDrop: statement.kind === 'dropSubscription',
    isIn: (data) =>
      policyIn(data, database, policy)?.subscriptions.some((subscription) => subscription.name === name) ??
      false,
    actionIn: () =>
      statement.kind === 'dropSubscription'
        ? { kind: statement.kind, database, policy, name }
        : { ...statement, database, policy, name },
  };
}

function ofGrant({ database, user }: Of<'grant' | 'revoke'>): Parts {
  const privilegeIn = (data: MetaData) => findByName(data.users, user)?.privileges.get(database) ?? 0;
  return {
    items: [
      { kind: 'grant', user, database },
      { kind: 'user', user },
      { kind: 'database', database },
    ],
    isDrop: false,
    isIn: (data) => privilegeIn(data) !== 0,
    actionIn: (data) => {
      const privilege = privilegeIn(data);
      if (privilege === 1 || privilege === 2 || privilege === 3)
        return { kind: 'grant', user, database, privilege };
      return { kind: 'revoke', user, database };
    },
  };
}

function ofUser(
  statement: Of<'createUser'> | Of<'setPassword'> | Of<'dropUser'> | Of<'grantAdmin' | 'revokeAdmin'>,
): Parts {
  const user = 'user' in statement ? statement.user : statement.name;
  return {
    items: [{ kind: 'user', user }],
    isDrop: statement.kind === 'dropUser',
    isIn: (data) => findByName(data.users, user) !== undefined,
    actionIn: () => {
      if (statement.kind === 'createUser') return { kind: 'createUser', user, admin: statement.admin };
      if (statement.kind === 'setPassword' || statement.kind === 'dropUser')
        return { kind: statement.kind, user };
      return { kind: 'setAdmin', user, admin: statement.kind === 'grantAdmin' };
    },
  };
}
