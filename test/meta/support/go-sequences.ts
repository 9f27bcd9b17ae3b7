import { readFileSync } from 'node:fs';
import {
  isCfluxError,
  type LocalMetaClient,
  type RetentionPolicySpec,
  type RetentionPolicyUpdate,
} from 'clusterflux';

/** One call of the real Go client, and its result. */
export interface Step {
  readonly op: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly ok?: unknown;
  readonly error?: string;
  /** Of the metadata, afterwards. */
  readonly index?: string;
}

/** The recorded sequences; each begins with `reset`. */
export function goSequences(): Step[][] {
  const path = new URL('../../fixtures/meta-ops/sequences.jsonl', import.meta.url);
  const sequences: Step[][] = [];
  for (const line of readFileSync(path, 'utf8').trimEnd().split('\n')) {
    const step: Step = JSON.parse(line);
    if (step.op === 'reset') sequences.push([]);
    sequences.at(-1)?.push(step);
  }
  return sequences;
}

/** The arguments of a step, typed where they are used. */
class Arguments {
  constructor(private readonly values: Readonly<Record<string, unknown>>) {}

  text = (name: string): string => String(this.values[name]);
  flag = (name: string): boolean => this.values[name] === true;
  number = (name: string): number => Number(this.values[name]);
  bigint = (name: string): bigint => BigInt(this.text(name));

  texts(name: string): string[] {
    const list = this.values[name];
    return Array.isArray(list) ? list.map(String) : [];
  }

  /** A specification, or an update, of a retention policy. */
  policy(name: string): RetentionPolicySpec & RetentionPolicyUpdate {
    const fields = new Arguments({ ...Object(this.values[name]) });
    const given = (field: string) => fields.values[field] !== undefined;
    return {
      ...(given('name') && { name: fields.text('name') }),
      ...(given('replicaN') && { replicaN: fields.number('replicaN') }),
      ...(given('duration') && { duration: fields.bigint('duration') }),
      ...(given('shardGroupDuration') && { shardGroupDuration: fields.bigint('shardGroupDuration') }),
    };
  }
}

type Call = (client: LocalMetaClient, args: Arguments) => unknown;

const calls: Readonly<Record<string, Call>> = {
  createDatabase: (c, a) => c.createDatabase(a.text('name')),
  createDatabaseWithRetentionPolicy: (c, a) =>
    c.createDatabaseWithRetentionPolicy(a.text('name'), a.policy('spec')),
  dropDatabase: (c, a) => c.dropDatabase(a.text('name')),
  database: (c, a) => c.database(a.text('name')),
  databases: (c) => c.databases(),
  createRetentionPolicy: (c, a) =>
    c.createRetentionPolicy(a.text('database'), a.policy('spec'), a.flag('makeDefault')),
  updateRetentionPolicy: (c, a) =>
    c.updateRetentionPolicy(a.text('database'), a.text('name'), a.policy('update'), a.flag('makeDefault')),
  dropRetentionPolicy: (c, a) => c.dropRetentionPolicy(a.text('database'), a.text('name')),
  retentionPolicy: (c, a) => c.retentionPolicy(a.text('database'), a.text('name')),
  createShardGroup: (c, a) => c.createShardGroup(a.text('database'), a.text('policy'), a.bigint('timestamp')),
  deleteShardGroup: (c, a) => c.deleteShardGroup(a.text('database'), a.text('policy'), a.bigint('id')),
  precreateShardGroups: (c, a) => c.precreateShardGroups(a.bigint('from'), a.bigint('to')),
  truncateShardGroups: (c, a) => c.truncateShardGroups(a.bigint('time')),
  pruneShardGroups: (c) => c.pruneShardGroups(),
  dropShard: (c, a) => c.dropShard(a.bigint('id')),
  shardIDs: (c) => c.shardIds(),
  // The Go client returns empty names for an unknown shard.
  shardOwner: (c, a) =>
    c.shardOwner(a.bigint('id')) ?? { database: '', retentionPolicy: '', shardGroup: undefined },
  shardGroupsByTimeRange: (c, a) =>
    c.shardGroupsByTimeRange(a.text('database'), a.text('policy'), a.bigint('min'), a.bigint('max')),
  createContinuousQuery: (c, a) =>
    c.createContinuousQuery(a.text('database'), a.text('name'), a.text('query')),
  dropContinuousQuery: (c, a) => c.dropContinuousQuery(a.text('database'), a.text('name')),
  createSubscription: (c, a) =>
    c.createSubscription(
      a.text('database'),
      a.text('policy'),
      a.text('name'),
      a.text('mode'),
      a.texts('destinations'),
    ),
  dropSubscription: (c, a) => c.dropSubscription(a.text('database'), a.text('policy'), a.text('name')),
  createUser: (c, a) => c.createUser(a.text('name'), a.text('password'), a.flag('admin')),
  updateUser: (c, a) => c.updateUser(a.text('name'), a.text('password')),
  dropUser: (c, a) => c.dropUser(a.text('name')),
  user: (c, a) => c.user(a.text('name')),
  users: (c) => c.users(),
  userCount: (c) => c.userCount(),
  adminUserExists: (c) => c.adminUserExists(),
  authenticate: (c, a) => c.authenticate(a.text('name'), a.text('password')),
  setPrivilege: (c, a) => c.setPrivilege(a.text('user'), a.text('database'), a.number('privilege')),
  setAdminPrivilege: (c, a) => c.setAdminPrivilege(a.text('user'), a.flag('admin')),
  userPrivileges: (c, a) => c.userPrivileges(a.text('user')),
  userPrivilege: (c, a) => c.userPrivilege(a.text('user'), a.text('database')),
  data: (c) => c.data(),
};

/** The result of the step's call of `client`, in the form of the recording. */
export async function answerTo(client: LocalMetaClient, step: Step): Promise<Step> {
  const call = calls[step.op];
  if (call === undefined) throw new Error(`no such operation: ${step.op}`);
  const { op, args } = step;
  const index = () => String(client.data().index);
  try {
    const ok = recorded(await call(client, new Arguments(args)));
    return { op, args, ok, index: index() };
  } catch (error) {
    if (!isCfluxError(error)) throw error;
    return { op, args, error: error.message, index: index() };
  }
}

const hour = 3_600_000_000_000n;

/** A record, or anything in one, in the form of the recordings. */
function recorded(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'bigint') {
    const sinceNow = value - BigInt(Date.now()) * 1_000_000n;
    return sinceNow > -hour && sinceNow < hour ? 'now' : String(value);
  }
  if (Array.isArray(value)) return value.map(recorded);
  if (value instanceof Map) return recorded(Object.fromEntries(value));
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(complete(value)).map(([name, field]) => [
    goName(name, value),
    name === 'hash' ? describeHash(String(field)) : recorded(field),
  ]);
  return Object.fromEntries(fields);
}

/** With what the recordings spell out and our records leave out. */
function complete(record: object): object {
  if ('startTime' in record) return { deletedAt: undefined, truncatedAt: undefined, ...record };
  if ('maxNodeId' in record && 'users' in record && Array.isArray(record.users)) {
    const { maxNodeId, ...rest } = record;
    return { ...rest, adminUserExists: record.users.some((user) => user.admin) };
  }
  return record;
}

function goName(name: string, record: object): string {
  if (name === 'retentionPolicy' && 'shardGroup' in record) return 'policy';
  return name.replace(/^(cluster|maxShardGroup|maxShard)Id$/, '$1ID');
}

function describeHash(hash: string): string {
  const [, version, cost] = hash.split('$');
  // 2a and 2b mean the same.
  return `bcrypt:${version === '2b' ? '2a' : version}:${cost}:${hash.length}`;
}

/** The cluster id of the sequence's store, which is random. */
export function clusterIdOf(sequence: readonly Step[]): bigint {
  for (const { ok } of sequence) {
    if (typeof ok === 'object' && ok !== null && 'clusterID' in ok) return BigInt(String(ok.clusterID));
  }
  return 0n;
}
