import { optionsCheck } from '../check-options.js';
import type { Clock } from '../clock.js';
import type { Random } from '../random.js';
import { bigint, clock as clockKind, flag, func, number, object, text } from '../value-kinds.js';
import type { MetaData } from './records.js';

/** Options of a `LocalMetaClient`. */
export interface LocalMetaClientOptions {
  /**
   * Directory of the file `meta.db`, InfluxDB's own or a new one; the directory must exist. Default: none, everything is in memory.
   */
  readonly dir?: string;
  /**
   * Whether to keep `dir` for this client alone. InfluxDB does not look: never open the directory of a server that runs. Switch it off
   * only where the file system cannot hold Unix sockets. Default: true.
   */
  readonly lock?: boolean;
  /** Whether `createDatabase` creates the retention policy `autogen`. Default: true. */
  readonly retentionAutoCreate?: boolean;
  /** The bcrypt cost of new passwords, 4 to 14; each increment doubles the time. Default: 10, as in InfluxDB. */
  readonly bcryptCost?: number;
  /** Cluster id of a new store; an existing one has its own. Default: a random number of 63 bits. */
  readonly clusterId?: bigint;
  /** Initial metadata of a store in memory. Default: empty. */
  readonly data?: MetaData;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** @throws CfluxError `INVALID_OPTION` */
export const checkOptions = optionsCheck<LocalMetaClientOptions>('LocalMetaClient', {
  dir: text,
  lock: flag,
  retentionAutoCreate: flag,
  bcryptCost: number,
  clusterId: bigint,
  data: object,
  clock: clockKind,
  random: func,
});
