import type { CfluxErrorCode } from '../errors.js';

/** What an error code means, and what to do about it, in Markdown. */
export interface ErrorHelp {
  readonly means: string;
  readonly remedy: string;
}

/** The codes that one layer raises. */
export interface ErrorGroup {
  readonly title: string;
  readonly codes: Readonly<Partial<Record<CfluxErrorCode, ErrorHelp>>>;
}

const clientCodes = {
  UNKNOWN_OUTCOME: {
    means:
      'The change was sent, and no response states whether it was stored: the response was lost, a deadline passed, or the client closed meanwhile.',
    remedy:
      'Call `refresh()` (or look with `cflux show`), check whether the change is there, then decide whether to repeat it.',
  },
  NOT_EVERYWHERE: {
    means:
      'The change was made, or the version exists, but not all nodes that are alive have it yet. The message names the nodes that do not.',
    remedy: 'Do not repeat the change. `cflux nodes` shows what each node has and why it is behind.',
  },
  CONFLICT_TIMEOUT: {
    means: 'Nothing was changed, because other nodes pushed first until the time of the mutation was over.',
    remedy: 'Retry, or raise `mutationTimeout`.',
  },
  EPOCH_MISMATCH: {
    means:
      'The manager has another history than the request names, or its history does not contain the version. `CfluxClient` follows the new history, or reports `FOREIGN_CLUSTER`, by itself: this error reaches callers of a `Transport`, and of `waitForNodes`.',
    remedy:
      'Of `waitForNodes`: the version is not part of the history any more; wait for the version of `client.status`.',
  },
  FOREIGN_CLUSTER: {
    means:
      "The manager has the metadata of another cluster: its cluster id is not the one of this node's metadata.",
    remedy:
      'Check `endpoint` and `cluster`. Then `adopt()` accepts the metadata of the manager (`cflux agent --adopt`), or `reseed()` replaces it by that of this node (`--reseed`).',
  },
  NESTED_MUTATION: {
    means: 'An operation called a method of the client that is executing it.',
    remedy: 'Use the meta client that is passed to the operation.',
  },
  UNSUPPORTED_METHOD: {
    means: 'The wrapped meta client has no such method.',
    remedy: 'Add the method to your meta client, or wrap a complete one, such as `LocalMetaClient`.',
  },
  NOT_OPEN: { means: 'The client was not opened.', remedy: 'Call `open()` first, and wait for it.' },
  CLOSED: {
    means: 'The client was closed.',
    remedy: 'Create a new client; a closed one cannot be opened again.',
  },
  UNEXPECTED: {
    means: 'An exception that this library does not know; it is the cause of the error.',
    remedy:
      'Read the cause: it comes from your meta client, your operation or your transport, or is a fault of this library.',
  },
} as const;

const managerCodes = {
  UNREACHABLE: {
    means:
      'No connection to the manager (or the server) could be made, or it was lost. The message has the reason: refused, an unknown host, TLS. Nothing was changed.',
    remedy:
      'Check `endpoint`, network and certificates, and that the manager runs. The client reconnects by itself; retry the change.',
  },
  UNAVAILABLE: {
    means:
      'The manager (or the server) cannot serve at the moment: its store is unavailable, it collects offers after a loss, it closes, or it is overloaded. Nothing was changed.',
    remedy: 'Retry. If it lasts, `/ready` of the manager has the reason.',
  },
  TIMEOUT: {
    means: 'No result came in time. Nothing was changed.',
    remedy: 'Retry the change, with a longer timeout if the manager or its network is slow.',
  },
  UNAUTHORIZED: {
    means:
      'The manager requires a token or a client certificate, and the request has none, or one that the manager does not know.',
    remedy: 'Set `token` (`--token-file`, `CFLUX_TOKEN`), or the client certificate (`--cert`, `--key`).',
  },
  FORBIDDEN: {
    means:
      'The token is known, but its scopes or its cluster do not permit this. The message names the missing scope.',
    remedy: 'Use a token with that scope, or add the scope in the token file of the manager.',
  },
  BAD_ANSWER: {
    means: 'The response is not one of a manager: a web page, a proxy, another product, or damaged bytes.',
    remedy: 'Check `endpoint`, and what a proxy in between does with the response.',
  },
  BAD_REQUEST: {
    means: 'The manager does not accept the request. The message names the part.',
    remedy:
      'Correct the name or value that the message names; if you named none, update the older of both ends.',
  },
  NO_SUCH_ROUTE: {
    means: 'The manager does not know the request, or its store does not support it.',
    remedy: 'Update the manager; check that the endpoint has no path of another application.',
  },
  TOO_LARGE: {
    means: 'A body, a response or the number of records exceeds a limit. The message names it.',
    remedy:
      'Raise the limit (`limits.snapshotBytes` of the manager, `maxSnapshotBytes` of the client); metadata of more than five million records must lose some.',
  },
  TOO_MANY_REQUESTS: {
    means:
      'A limit of the manager on clusters, nodes, held polls or reports is reached. The message names it.',
    remedy:
      'Remove unused clusters and nodes (`cflux delete-cluster`, `cflux remove-node --dead-for 1d`), or raise the limit.',
  },
  OUT_OF_SPACE: {
    means: 'The store of the manager is full: its disk, or the quota of etcd. Nothing was changed.',
    remedy: 'Free space; for etcd compact, defragment and disarm the alarm, or raise its quota.',
  },
  MANAGER_FAILED: {
    means: 'The manager failed while it handled the request.',
    remedy: 'The log of the manager has the cause. Retry afterwards.',
  },
  CLUSTER_EMPTY: {
    means: 'The cluster has no version: it is new, or its manager lost the data.',
    remedy: 'Start its nodes, which bring the metadata back; for a new cluster use `--create-cluster`.',
  },
  NODE_NOT_FOUND: {
    means: 'The cluster has no node with this id.',
    remedy: 'List the nodes with `cflux nodes`. `CfluxClient` registers again by itself.',
  },
  CLUSTER_NOT_FOUND: {
    means: 'The manager has no cluster with this name.',
    remedy: 'List the clusters with `cflux clusters`, and check `--cluster`.',
  },
  VERSION_NOT_FOUND: {
    means: 'The cluster never had this version, or does not keep it any more.',
    remedy: 'List the kept versions with `cflux history`.',
  },
  DUPLICATE_NODE: {
    means:
      'Two processes use the id of one node, as after a copy of its directory. `CfluxClient` registers again by itself.',
    remedy: 'Give each process a `dir` of its own.',
  },
} as const;

const machineCodes = {
  INVALID_OPTION: {
    means:
      'An option or a flag is unknown, missing or has a wrong value. The message names it, its value and its source.',
    remedy: 'Correct it; the message has the nearest known name.',
  },
  INVALID_ARGUMENT: {
    means:
      'An argument, or what `data()` of the wrapped client returned, has a wrong shape. The message names the method and the argument or field, the expected and the found type.',
    remedy: 'Correct the value. Ids, counters, times and durations are bigints; privileges are a `Map`.',
  },
  MISSING_DEPENDENCY: {
    means: 'An optional package that this part needs is not installed.',
    remedy: 'Install the package that the message names.',
  },
  STORAGE_FAILED: {
    means:
      'A file or directory cannot be read or written: permissions, space, a newer format, or damage. The message names it.',
    remedy:
      'Correct permissions or free space; restore a damaged file from a backup; use the newer version that wrote it.',
  },
  DIRECTORY_LOCKED: {
    means: 'Another process, named in the message, uses the directory.',
    remedy: 'Stop that process, or use another directory: each has one owner.',
  },
  MALFORMED_METADATA: {
    means: 'The bytes are not valid metadata. The message names the place.',
    remedy: 'Check that the file is a `meta.db` of InfluxDB 1.x, or restore it.',
  },
  MALFORMED_DELTA: {
    means:
      'The bytes are not a valid delta (VCDIFF, RFC 3284), or it does not belong to its base. The message names the place.',
    remedy:
      'Nothing for users of `CfluxClient`, which then sends or requests a snapshot. Your own transport or client must check its base.',
  },
  PASSWORD_HASH_TOO_COSTLY: {
    means: 'The bcrypt hash of the user has a cost above 14, which would take seconds to compare.',
    remedy: 'Set a new password for the user.',
  },
} as const;

const exists = 'Update it, or choose another name. Another node may have created it.';
const missing = 'Check the name, in the newest metadata: another node may have dropped or renamed it.';
const invalid = 'Correct the argument that the message names.';

const metadataCodes = {
  DATABASE_NOT_FOUND: { means: 'The database does not exist in the newest metadata.', remedy: missing },
  RETENTION_POLICY_NOT_FOUND: {
    means: 'The retention policy does not exist in the newest metadata.',
    remedy: missing,
  },
  SHARD_GROUP_NOT_FOUND: { means: 'The shard group does not exist in the newest metadata.', remedy: missing },
  SUBSCRIPTION_NOT_FOUND: {
    means: 'The subscription does not exist in the newest metadata.',
    remedy: missing,
  },
  USER_NOT_FOUND: { means: 'The user does not exist in the newest metadata.', remedy: missing },
  DATABASE_EXISTS: { means: 'The database to import exists already.', remedy: exists },
  RETENTION_POLICY_EXISTS: { means: 'The retention policy exists with other values.', remedy: exists },
  RETENTION_POLICY_NAME_EXISTS: {
    means: 'A retention policy cannot be renamed to this name: another one has it.',
    remedy: exists,
  },
  RETENTION_POLICY_CONFLICT: {
    means: 'The database exists with another default retention policy, or with other values of it.',
    remedy: exists,
  },
  CONTINUOUS_QUERY_EXISTS: { means: 'The continuous query exists with another text.', remedy: exists },
  SUBSCRIPTION_EXISTS: { means: 'The subscription exists.', remedy: exists },
  USER_EXISTS: {
    means: 'The user exists with another password, or differs in being an administrator.',
    remedy: exists,
  },
  DATABASE_NAME_REQUIRED: { means: 'The name of the database is empty.', remedy: invalid },
  RETENTION_POLICY_NAME_REQUIRED: { means: 'The name of the retention policy is empty.', remedy: invalid },
  RETENTION_POLICY_SPEC_REQUIRED: {
    means: 'The specification of the retention policy is missing.',
    remedy: invalid,
  },
  USERNAME_REQUIRED: { means: 'The name of the user is empty.', remedy: invalid },
  NAME_TOO_LONG: { means: 'The name is longer than 255 bytes.', remedy: invalid },
  INVALID_NAME: {
    means:
      'InfluxDB does not accept the name: it is `.` or `..`, or contains a slash, a backslash or a character that cannot be printed.',
    remedy: invalid,
  },
  INVALID_DURATION: {
    means: 'The duration is not one of InfluxQL, such as `7d`, `1h30m` or `INF`.',
    remedy: invalid,
  },
  INVALID_SUBSCRIPTION_URL: {
    means: 'A destination of the subscription is not an http, https or udp URL with a port.',
    remedy: invalid,
  },
  RETENTION_POLICY_DURATION_TOO_LOW: {
    means: 'The duration of a retention policy must be at least one hour, or infinite.',
    remedy: invalid,
  },
  INCOMPATIBLE_DURATIONS: {
    means: 'The duration of the retention policy is shorter than that of its shard groups.',
    remedy: invalid,
  },
  NEGATIVE_WRITE_LIMIT: { means: 'A write limit is below zero.', remedy: invalid },
  REPLICATION_FACTOR_TOO_LOW: { means: 'The replication factor is below 1.', remedy: invalid },
  PASSWORD_TOO_LONG: { means: 'The password is longer than the 72 bytes that bcrypt uses.', remedy: invalid },
  AUTHENTICATION_FAILED: {
    means: 'The password is wrong.',
    remedy: 'Use the present password of the user in the cluster; a change of it takes effect on all nodes.',
  },
  NOT_AUTHORIZED: {
    means: 'The user lacks a privilege that the statement requires.',
    remedy: 'Grant it, or use an administrator.',
  },
  LEASE_HELD: {
    means: 'Another node has the lease. The cause of the error is the lease.',
    remedy: 'Wait until it expires.',
  },
  IMPORT_SOURCE_NOT_FOUND: {
    means: 'The metadata to import from does not have the database or the retention policy.',
    remedy: 'Check the names in the backup.',
  },
  STATEMENT_REFUSED: {
    means:
      'A live InfluxDB refused a statement, with the message of the server; or the statement cannot be stored safely, for the reason in the message.',
    remedy: 'Change the statement, or the item in the cluster.',
  },
  INFLUXQL_SYNTAX: {
    means: 'The text is not InfluxQL. The message names line and character, as InfluxDB does.',
    remedy: 'Correct the text at that place.',
  },
  STATEMENT_NOT_SUPPORTED: {
    means:
      'The statement concerns the data or the settings of a single server, or something that the target cannot do.',
    remedy: 'Execute it on that server, with `influx` or at its `/query`.',
  },
  LAST_ADMINISTRATOR: {
    means: 'The change would remove the last administrator of the cluster.',
    remedy: 'Create another administrator first, or use `--allow-no-admin`.',
  },
  METADATA_LOST: {
    means:
      'InfluxDB has lost metadata that it had, while its points may still be on disk. Nothing is created there.',
    remedy:
      'Put `meta.db` back, or rebuild it with the command `cflux recover` in the message, or permit the new schema once with `--rebuild` and the id in the message.',
  },
  SERVER_RUNNING: {
    means:
      'The `meta.db` of a server was to be written, but something shows that the server runs. Nothing was changed.',
    remedy:
      'Stop InfluxDB. If the port belongs to another server, name the addresses of this one with `--influxdb` and `--snapshot`.',
  },
} as const;

const groups = [
  { title: 'The client', codes: clientCodes },
  { title: 'The wire and the manager', codes: managerCodes },
  { title: 'This machine', codes: machineCodes },
  { title: "InfluxDB's own refusals", codes: metadataCodes },
] as const;

/** The help for every error code; the compiler requires an entry for each. */
export const errorHelp: Readonly<Record<CfluxErrorCode, ErrorHelp>> = {
  ...clientCodes,
  ...managerCodes,
  ...machineCodes,
  ...metadataCodes,
};

/** The same, by the layer that raises the error; for the reference. */
export const errorGroups: readonly ErrorGroup[] = groups;

/** Codes whose messages contain everything that a user of the command line needs. */
const plain: ReadonlySet<CfluxErrorCode> = new Set(['INVALID_OPTION', 'INVALID_ARGUMENT', 'UNEXPECTED']);

/**
 * Returns whether the help contains more than the message of such an error: not for InfluxDB's own refusals, which its users know. A code may
 * come from the network, and be none of these.
 */
export const isExplained = (code: CfluxErrorCode): boolean =>
  Object.hasOwn(errorHelp, code) && !Object.hasOwn(metadataCodes, code) && !plain.has(code);
