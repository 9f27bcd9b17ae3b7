import { optionsCheck, requireOption } from '../../check-options.js';
import { CfluxError } from '../../errors.js';
import { type Random, systemRandom } from '../../random.js';
import { either, flag, func, listOf, number, string, text } from '../../value-kinds.js';
import { connectionKinds, type InfluxConnectionOptions, positive } from '../connect/influx-options.js';
import { usualPrefix } from '../plan/local-subscriptions.js';
import type { PasswordSource } from '../plan/password-comparer.js';

/** Options of an InfluxMirror. Times are in milliseconds. */
export interface InfluxMirrorOptions extends InfluxConnectionOptions {
  /** URL of the server, such as `http://127.0.0.1:8086`. */
  readonly url: string;
  /**
   * The server's snapshot service, the `bind-address` at the top of its configuration, as `host:port`. It includes password hashes
   * and is by far the fastest way to read. Default: `true`, the address is queried from the server; if it does not report one (InfluxDB
   * 1.12.3 and later), port 8088 of this machine is tried for a server on this machine. `false` never uses it. If it cannot be read,
   * SHOW statements are used, and the report has the reason (`snapshotFailure`).
   */
  readonly snapshot?: string | boolean;
  /**
   * Directory of the ledger of the cluster's items, created if it is missing. Default: none; after a restart, all items that are not
   * in the cluster then count as unmanaged, and none is dropped.
   */
  readonly dir?: string;
  /**
   * Whether to lock the ledger: a second mirror on `dir` is refused when it converges. Disable it only if the file system does not
   * support Unix sockets. Default: true.
   */
  readonly lock?: boolean;
  /**
   * What to do with items that the cluster dropped, and with policies that it shortened: `report` keeps them, `apply` drops or
   * shortens them, with their points. Default: `report`.
   */
  readonly drops?: 'report' | 'apply';
  /** Maximum drops of a plan without a confirmation; if there are more, none is made. Default: 1. */
  readonly maxDrops?: number;
  /**
   * Name prefix of subscriptions that belong only to this server: they are neither mirrored nor imported, and never prevent a drop.
   * Default: `kapacitor-`; with an empty prefix, all subscriptions are part of the cluster.
   */
  readonly localSubscriptions?: string;
  /**
   * Permission to recreate the cluster's schema on a server that has lost metadata: the id in the error `METADATA_LOST`. It is valid
   * once, and only for that loss. Default: none.
   */
  readonly rebuild?: string;
  /**
   * Flags of `cflux` that name the cluster and its manager, such as `--cluster prod`: the error `METADATA_LOST` names the command that
   * rebuilds the metadata, with these flags. Default: none.
   */
  readonly commandFlags?: readonly string[];
  /** Returns the plain password of a user, because InfluxQL cannot set a hash; used only if it matches the cluster's hash. */
  readonly passwords?: PasswordSource;
  /** Time between two convergences without a change of the cluster. Default: 30 000. */
  readonly interval?: number;
  /** Maximum changes of the server per second. Default: 200. */
  readonly statementsPerSecond?: number;
  /** Source of jitter. Default: the operating system. */
  readonly random?: Random;
}

/** The options of a mirror that are not those of its connection, checked and complete. */
export interface MirrorSettings {
  readonly dir: string | undefined;
  readonly lock: boolean;
  readonly drops: 'report' | 'apply';
  readonly maxDrops: number;
  readonly localSubscriptions: string;
  readonly rebuild: string | undefined;
  readonly commandFlags: readonly string[];
  readonly passwords: PasswordSource | undefined;
  readonly interval: number;
  readonly statementsPerSecond: number;
  readonly random: Random;
}

const checkOptions = optionsCheck<InfluxMirrorOptions>('InfluxMirror', {
  ...connectionKinds,
  url: text,
  snapshot: either(text, flag),
  dir: text,
  lock: flag,
  drops: string,
  maxDrops: number,
  localSubscriptions: string,
  rebuild: text,
  commandFlags: listOf(string),
  passwords: func,
  interval: number,
  statementsPerSecond: number,
  random: func,
});

/** @throws CfluxError `INVALID_OPTION` */
export function resolveSettings(options: InfluxMirrorOptions): MirrorSettings {
  checkOptions(options);
  requireOption('InfluxMirror', 'url', text, options.url);
  const { dir, drops = 'report', maxDrops = 1, rebuild, passwords } = options;
  const { localSubscriptions = usualPrefix } = options;
  if (drops !== 'report' && drops !== 'apply') {
    throw new CfluxError('INVALID_OPTION', `drops: ${JSON.stringify(drops)} is not "report" or "apply"`);
  }
  if (!Number.isInteger(maxDrops) || maxDrops < 0) {
    throw new CfluxError('INVALID_OPTION', `maxDrops: ${maxDrops} is not a non-negative integer`);
  }
  return {
    dir,
    lock: options.lock ?? true,
    drops,
    maxDrops,
    localSubscriptions,
    rebuild,
    commandFlags: options.commandFlags ?? [],
    passwords,
    interval: positive('interval', options.interval ?? 30_000),
    statementsPerSecond: positive('statementsPerSecond', options.statementsPerSecond ?? 200),
    random: options.random ?? systemRandom,
  };
}
