import { resolve } from 'node:path';
import { optionsCheck } from '../../check-options.js';
import { type Clock, systemClock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import { heartbeatInterval, maxPollWait, nodeTimeToLive } from '../../protocol/times.js';
import { type Random, systemRandom } from '../../random.js';
import { shownEndpoint } from '../../transport/endpoints.js';
import { type HttpTransportOptions, tlsKind } from '../../transport/http-options.js';
import type { Transport } from '../../transport/transport.js';
import { retryKind, transportMethods } from '../../transport/with-retry.js';
import {
  anything,
  clock as clockKind,
  either,
  flag,
  func,
  number,
  object,
  objectWith,
  text,
} from '../../value-kinds.js';
import type { NodeStorage } from '../local/node-directory.js';
import type { EventLogger } from '../observe/event-logger.js';

/** Options of a CfluxClient. Times are in milliseconds. */
export interface CfluxOptions {
  /** Name of the cluster, any Unicode up to 255 bytes. Default: the environment's `CLUSTER`, else `default`. */
  readonly cluster?: string;
  /** URL of the manager, or of several of the same cluster. Default: the environment's `CFLUX_ENDPOINT`, else `http://localhost:8000`. */
  readonly endpoint?: string | readonly string[];
  /** Replaces HTTP. Then `endpoint`, `token` and `tls` are ignored, `retry` too if it retries itself. Closed by the caller. */
  readonly transport?: Transport;
  /** `host:port` of this node's HTTP API. Default: the manager records the source address of the registration. */
  readonly bindAddress?: string;
  /** Directory of the node's record (`cflux.json`) and backups. Default: none; a restart joins again, and backups are only in events. */
  readonly dir?: string;
  /** Maximum number of backups; the oldest are deleted. The newest of each reason is always kept. Default: 100. */
  readonly maxBackups?: number;
  /**
   * Whether to lock `dir`: a second client, in any process of this machine, is refused. Disable it only if the file system does not
   * support Unix sockets. Default: true.
   */
  readonly lock?: boolean;
  /** Custom storage for the same files, instead of `dir`. */
  readonly storage?: NodeStorage;
  /** Time between two heartbeats; must be below the manager's time to live. Default: 5,000. */
  readonly heartbeatInterval?: number;
  /** Maximum wait of a poll. Default: 300,000. */
  readonly pollWait?: number;
  /** How long a mutation is retried after conflicts, or waits for an unreachable manager. Default: 30,000. */
  readonly mutationTimeout?: number;
  /** Attempts of a request and their delays. Default: five attempts, exponential backoff with jitter. */
  readonly retry?: HttpTransportOptions['retry'];
  /**
   * What reads through this client return while a wrapped client without `fork()` has undecided changes: `accepted` waits for the
   * decision, `local` returns the undecided metadata at once. Default: `accepted`.
   */
  readonly reads?: 'accepted' | 'local';
  /** Whether `open()` succeeds without a reachable manager; the node then joins later. Default: false. */
  readonly startOffline?: boolean;
  /** Bearer token for the manager, or a function that returns the current one. */
  readonly token?: HttpTransportOptions['token'];
  /** Certificate authority and client certificate. */
  readonly tls?: HttpTransportOptions['tls'];
  /** Receives every event as a record with a level: a pino or bunyan logger, `console`, or a `jsonLogger`. Default: none. */
  readonly logger?: EventLogger;
  /** Source of time, for tests. Default: the clock of the machine. */
  readonly clock?: Clock;
  /** Source of random numbers, for tests. Default: the operating system. */
  readonly random?: Random;
}

/** Options with defaults filled in and values checked. */
export interface Settings extends CfluxOptions {
  readonly cluster: string;
  readonly endpoint: string | readonly string[];
  readonly heartbeatInterval: number;
  readonly pollWait: number;
  readonly mutationTimeout: number;
  readonly maxBackups: number;
  readonly reads: 'accepted' | 'local';
  readonly startOffline: boolean;
  readonly lock: boolean;
  readonly clock: Clock;
  readonly random: Random;
}

const checkOptions = optionsCheck<CfluxOptions>('CfluxClient', {
  cluster: anything,
  endpoint: anything,
  transport: objectWith(...transportMethods),
  bindAddress: text,
  dir: text,
  maxBackups: number,
  lock: flag,
  storage: objectWith('read', 'write', 'pathOf'),
  heartbeatInterval: number,
  pollWait: number,
  mutationTimeout: number,
  retry: retryKind,
  reads: anything,
  startOffline: flag,
  token: either(text, func),
  tls: tlsKind,
  logger: object,
  clock: clockKind,
  random: func,
});

/** Checks `options` and fills in defaults. Throws `INVALID_OPTION` with the option and its value. */
export function resolveOptions(options: CfluxOptions, env: NodeJS.ProcessEnv = process.env): Settings {
  checkOptions(options);
  const cluster = options.cluster ?? (env['CLUSTER'] || 'default');
  const endpoint = options.endpoint ?? (env['CFLUX_ENDPOINT'] || 'http://localhost:8000');
  checkCluster(cluster);
  if (options.transport === undefined) for (const url of [endpoint].flat()) checkEndpoint(url);
  const settings = {
    ...options,
    cluster,
    endpoint,
    heartbeatInterval: milliseconds('heartbeatInterval', options.heartbeatInterval ?? heartbeatInterval),
    pollWait: milliseconds('pollWait', options.pollWait ?? maxPollWait),
    mutationTimeout: milliseconds('mutationTimeout', options.mutationTimeout ?? 30_000),
    maxBackups: count('maxBackups', options.maxBackups ?? 100),
    reads: options.reads ?? 'accepted',
    startOffline: options.startOffline ?? false,
    lock: options.lock ?? true,
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    ...(options.dir === undefined ? {} : { dir: resolve(options.dir) }),
  };
  if (settings.heartbeatInterval >= nodeTimeToLive) {
    refuse(
      'heartbeatInterval',
      settings.heartbeatInterval,
      `below the time to live of a node, ${nodeTimeToLive}`,
    );
  }
  if (settings.reads !== 'accepted' && settings.reads !== 'local')
    refuse('reads', settings.reads, '"accepted" or "local"');
  return Object.freeze(settings);
}

function checkCluster(name: unknown): void {
  if (typeof name !== 'string' || name.trim() === '') refuse('cluster', name, 'a name');
  else if (Buffer.byteLength(name) > 255) refuse('cluster', name, 'a name of at most 255 bytes');
}

function checkEndpoint(url: unknown): void {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    const wanted = 'an http or https URL such as http://localhost:8000';
    throw new CfluxError('INVALID_OPTION', `option endpoint: ${shownEndpoint(url)} is not ${wanted}`);
  }
}

function milliseconds(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  return refuse(name, value, 'a positive number of milliseconds');
}

function count(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value;
  return refuse(name, value, 'a whole number above 0');
}

function refuse(name: string, value: unknown, wanted: string): never {
  throw new CfluxError('INVALID_OPTION', `option ${name}: ${JSON.stringify(value)} is not ${wanted}`);
}
