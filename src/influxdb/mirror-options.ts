import { CfluxError } from '../errors.js';
import { type Random, systemRandom } from '../random.js';
import { type InfluxConnectionOptions, positive } from './influx-options.js';
import type { PasswordSource } from './passwords.js';

/** How an InfluxMirror works; times are in milliseconds. */
export interface InfluxMirrorOptions extends InfluxConnectionOptions {
  /** URL of the server, such as `http://127.0.0.1:8086`. */
  readonly url: string;
  /**
   * The server's snapshot service, the `bind-address` at the top of its configuration, as `host:port`. It tells password
   * hashes, and is much the fastest way to read. Default: `true`, the server is asked for it; `false` never uses it. Where it
   * cannot be reached, SHOW statements are used.
   */
  readonly snapshot?: string | boolean;
  /**
   * Directory for the ledger of what was the cluster's, made if it is missing. Default: none; a restarted mirror then takes
   * everything that the cluster does not have for something that was always here only, and drops none of it.
   */
  readonly dir?: string;
  /**
   * Whether to keep the ledger for this mirror alone: a second one on `dir` is refused when it converges. Switch it off only if the file
   * system cannot hold Unix sockets. Default: true.
   */
  readonly lock?: boolean;
  /**
   * What becomes of things here that the cluster dropped, and of policies that the cluster shortened: `report` leaves them,
   * `apply` drops them, points and all. Default: `report`.
   */
  readonly drops?: 'report' | 'apply';
  /** Of a plan with more drops than this none is made until it is confirmed. Default: 1. */
  readonly maxDrops?: number;
  /**
   * Subscriptions whose names begin so belong to this server alone: they are neither mirrored nor imported, and never keep
   * anything from being dropped. Default: `kapacitor-`; with the empty text all subscriptions are the cluster's.
   */
  readonly localSubscriptions?: string;
  /**
   * Permission to make the cluster's schema on a server that has lost metadata, as the id in the error `METADATA_LOST`. It is
   * valid for the server as it was found then, and once. Default: none.
   */
  readonly rebuild?: string;
  /** Gives the plain password of a user, for InfluxQL cannot set a hash; it is used only if it matches the cluster's hash. */
  readonly passwords?: PasswordSource;
  /** Between two convergences without a change of the cluster. Default: 30 000. */
  readonly interval?: number;
  /** Changes of the server in a second, at most. Default: 200. */
  readonly statementsPerSecond?: number;
  /** Jitter is drawn from it. Default: chance from the operating system. */
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
  readonly passwords: PasswordSource | undefined;
  readonly interval: number;
  readonly statementsPerSecond: number;
  readonly random: Random;
}

export function resolveSettings(options: InfluxMirrorOptions): MirrorSettings {
  const { dir, drops = 'report', maxDrops = 1, rebuild, passwords } = options;
  const { localSubscriptions = 'kapacitor-' } = options;
  if (drops !== 'report' && drops !== 'apply') {
    throw new CfluxError('INVALID_OPTION', `drops: ${JSON.stringify(drops)} is neither "report" nor "apply"`);
  }
  if (!Number.isInteger(maxDrops) || maxDrops < 0) {
    throw new CfluxError('INVALID_OPTION', `maxDrops: ${maxDrops} is not an integer from 0`);
  }
  return {
    dir,
    lock: options.lock ?? true,
    drops,
    maxDrops,
    localSubscriptions,
    rebuild,
    passwords,
    interval: positive('interval', options.interval ?? 30_000),
    statementsPerSecond: positive('statementsPerSecond', options.statementsPerSecond ?? 200),
    random: options.random ?? systemRandom,
  };
}
