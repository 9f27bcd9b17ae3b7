import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { recordName } from '../../client/local/node-record.js';
import type { Clock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import { metaFileName } from '../../meta/meta-directory.js';
import { clock, flag, listOf, text } from '../../value-kinds.js';
import { ledgerFile } from '../ledger/ledger-store.js';

/** The directories of a server and the addresses that it listens on. */
export interface OfflineServerOptions {
  /** The `dir` of `[meta]` in influxdb.conf, with `meta.db`. */
  readonly meta: string;
  /** The `dir` of `[data]`. Default: `data` beside `meta`. */
  readonly data?: string;
  /** The `wal-dir` of `[data]`. Default: `wal` beside `meta`. */
  readonly wal?: string;
  /**
   * Addresses (`host:port`) of the server's HTTP and snapshot services: nothing is written while one of them accepts connections.
   * Default: `127.0.0.1:8086` and `127.0.0.1:8088`.
   */
  readonly addresses?: readonly string[];
  /** Directory of the server's agent, whose record has the cluster id and the index of its metadata. Default: none. */
  readonly agent?: string;
  /** Whether to write nothing and only return the report. Default: false. */
  readonly dryRun?: boolean;
  /** Source of the time in the name of the backup. Default: the system's. */
  readonly clock?: Clock;
}

/** The kinds of these options. */
export const offlineKinds = {
  meta: text,
  data: text,
  wal: text,
  addresses: listOf(text),
  agent: text,
  dryRun: flag,
  clock,
};

const usualAddresses = ['127.0.0.1:8086', '127.0.0.1:8088'];

/** The places of a server, complete. */
export interface ServerPaths {
  readonly meta: string;
  readonly data: string;
  readonly wal: string;
  readonly addresses: readonly string[];
}

export function pathsOf({ meta, data, wal, addresses = usualAddresses }: OfflineServerOptions): ServerPaths {
  const directory = resolve(meta).endsWith(metaFileName) ? dirname(resolve(meta)) : resolve(meta);
  const beside = (name: string) => join(dirname(directory), name);
  const paths = { meta, data: data ?? beside('data'), wal: wal ?? beside('wal'), addresses };
  for (const option of ['data', 'wal'] as const) expectNoAgent(option, paths[option]);
  return paths;
}

/** The data of an agent is another option of the same name, which a configuration file may give to every command. */
function expectNoAgent(option: 'data' | 'wal', path: string): void {
  if (![recordName, ledgerFile].some((name) => existsSync(join(path, name)))) return;
  throw new CfluxError(
    'INVALID_OPTION',
    `${option}: ${path} is the directory of an agent; name the one of InfluxDB, such as /var/lib/influxdb/${option}`,
  );
}
