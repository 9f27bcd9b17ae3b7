import type { CfluxError } from '../../errors.js';
import type { EventHub } from '../../event-hub.js';
import type { EventLogger, EventRecord, LogLevel } from './event-logger.js';
import { type CfluxEventName, type CfluxEvents, cfluxEventNames } from './events.js';

/** The client that emits the event. */
interface Origin {
  readonly cluster: string;
  readonly nodeId: number | undefined;
}

interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: Omit<EventRecord, keyof Origin | 'event'>;
}

/** The log record of each event. Snapshots are omitted, because they contain password hashes. */
const lines: { readonly [Name in CfluxEventName]: (...payload: CfluxEvents[Name]) => LogLine } = {
  registered: ({ nodeId, cluster, endpoint }) => ({
    level: 'info',
    message: `registered as node ${nodeId} of cluster ${cluster} at ${endpoint}`,
    fields: { endpoint },
  }),
  heartbeat: ({ nodeId }) => ({ level: 'debug', message: `node ${nodeId} is alive` }),
  heartbeatFailed: ({ error, failures }) => ({
    ...retried(error, failures),
    fields: { ...fieldsOf(error), failures },
  }),
  registrationLost: ({ nodeId }) => ({
    level: 'warn',
    message: `the manager lost the registration of node ${nodeId}; registering again`,
  }),
  duplicateNode: ({ nodeId }) => ({
    level: 'warn',
    message: `another process uses the id of node ${nodeId}, perhaps from a copy of this node's directory; registering for another id`,
  }),
  synced: ({ version, previousVersion, epoch }) => ({
    level: 'info',
    message: `synced version ${version} of the cluster`,
    fields: { version, previousVersion, epoch },
  }),
  changed: ({ version, previousVersion, origin }) => ({
    level: 'debug',
    message: `the metadata is version ${version} (${origin})`,
    fields: { version, previousVersion, origin },
  }),
  syncFailed: ({ error, failures, retryIn }) => ({
    ...retried(error, failures),
    fields: { ...fieldsOf(error), failures, retryIn },
  }),
  pushed: ({ version, previousVersion, mutations, rounds, bytes, orders }) => ({
    level: 'info',
    message: `pushed version ${version} of the cluster`,
    fields: { version, previousVersion, mutations, rounds, bytes, orders },
  }),
  dropOrdersIgnored: ({ version, orders }) => ({
    level: 'warn',
    message: `version ${version} was made without its drop orders (${orders.length}): the manager is older; upgrade it, and order them again`,
    fields: { version, orders: orders.length },
  }),
  conflict: ({ version, previousVersion, round }) => ({
    level: 'debug',
    message: `conflict: another node pushed version ${version} first; applying the changes again`,
    fields: { version, previousVersion, round },
  }),
  rolledBack: ({ error, mutations }) => ({
    level: 'warn',
    message: `changes were rolled back: ${error.message}`,
    fields: { ...fieldsOf(error), mutations },
  }),
  replaced: ({ reason, version, backup, deletedBackups, snapshot }) => ({
    level: 'warn',
    message: `this node's metadata was replaced by the cluster's (${reason})${kept(backup, deletedBackups)}`,
    fields: { reason, version, backup, ...deleted(deletedBackups), bytes: snapshot.length },
  }),
  diverged: ({ version, backup, deletedBackups, snapshot }) => ({
    level: 'warn',
    message: `the wrapped meta client was changed externally; the accepted metadata was restored${kept(backup, deletedBackups)}`,
    fields: { version, backup, ...deleted(deletedBackups), bytes: snapshot.length },
  }),
  epochChanged: ({ previousEpoch, epoch, previousVersion, version, seeded, backup, deletedBackups }) => ({
    level: 'warn',
    message: `the manager lost its history: ${
      seeded
        ? "this node's metadata seeded the new one"
        : `following the new one${kept(backup, deletedBackups)}`
    }; nothing is dropped because of that`,
    fields: {
      previousEpoch,
      epoch,
      previousVersion,
      version,
      seeded,
      backup,
      ...deleted(deletedBackups),
    },
  }),
  foreignCluster: ({ epoch, clusterId, ownClusterId, version }) => ({
    level: 'error',
    message: `the manager has another cluster's metadata (id ${clusterId}, this one's is ${ownClusterId}); nothing is adopted or pushed`,
    fields: { epoch, clusterId: String(clusterId), ownClusterId: String(ownClusterId), version },
  }),
  stateChange: ({ from, to }) =>
    to === 'online' || to === 'offline'
      ? { level: 'info', message: `the manager is ${to}`, fields: { from, to } }
      : { level: 'debug', message: `the client is ${to}`, fields: { from, to } },
  closed: () => ({ level: 'debug', message: 'closed' }),
};

/** Events after which a failed poll is news. */
const recoveries: ReadonlySet<CfluxEventName> = new Set(['synced', 'registered', 'pushed']);

/** Logs every event to `logger`. `originOf` is called each time, because a node may get another id. */
export function logEvents(hub: EventHub<CfluxEvents>, logger: EventLogger, originOf: () => Origin): void {
  // Heartbeats and polls fail in turn, for the same reason.
  let lastFailure: { readonly event: CfluxEventName; readonly message: string } | undefined;
  const isRepeated = (event: CfluxEventName, { message, fields }: LogLine): boolean => {
    if (event !== 'heartbeatFailed' && event !== 'syncFailed') {
      if (
        recoveries.has(event) ||
        (event === 'stateChange' && fields?.['to'] === 'online') ||
        (event === 'heartbeat' && lastFailure?.event === 'heartbeatFailed')
      )
        lastFailure = undefined;
      return false;
    }
    const repeated = lastFailure?.message === message;
    if (!repeated) lastFailure = { event, message };
    return repeated;
  };
  const log = <Name extends CfluxEventName>(event: Name) => {
    hub.on(event, (...payload) => {
      const line = lines[event](...payload);
      const { message, fields } = line;
      const level = isRepeated(event, line) ? 'debug' : line.level;
      logger[level]({ event, ...originOf(), ...fields }, message);
    });
  };
  for (const event of cfluxEventNames) log(event);
}

const fieldsOf = ({ code, message }: CfluxError) => ({ code, error: message });

/** A repeated failure is a warning only the first time. */
function retried(error: CfluxError, failures: number): LogLine {
  return { level: failures === 1 ? 'warn' : 'debug', message: `${error.message}; retrying` };
}

function kept(backup: string | undefined, { length } = [] as readonly string[]): string {
  if (backup === undefined) return '';
  const gone =
    length === 0 ? '' : `, and ${length === 1 ? 'an older one was' : `${length} older ones were`} deleted`;
  return `; backup: ${backup}${gone}`;
}

const deleted = (deletedBackups: readonly string[] | undefined) =>
  deletedBackups === undefined ? {} : { deletedBackups: deletedBackups.join(', ') };
