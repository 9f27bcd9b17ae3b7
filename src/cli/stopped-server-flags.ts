import type { Command } from 'commander';
import { CfluxError } from '../errors.js';
import type { OfflineServerOptions } from '../influxdb/offline/server-paths.js';
import { printable } from '../printable.js';
import { localSubscriptionsFlag } from './connections.js';
import type { Terminal } from './terminal.js';

/** Flags of commands that write the files of a stopped server. */
export interface StoppedServerFlags {
  readonly meta: string;
  readonly data?: string;
  readonly wal?: string;
  readonly agent?: string;
  readonly influxdb: string;
  /** `false`: `--no-snapshot`. */
  readonly snapshot: string | false;
  readonly localSubscriptions?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

export function withStoppedServerFlags(command: Command): Command {
  return command
    .requiredOption('--meta <dir>', 'directory of meta.db: the dir of [meta] in influxdb.conf')
    .option('--data <dir>', "InfluxDB's data: the dir of [data] (default: data beside --meta)")
    .option('--wal <dir>', "InfluxDB's write-ahead logs: the wal-dir of [data] (default: wal beside --meta)")
    .option(
      '--agent <dir>',
      "directory of this server's agent (its --data), which knows the index of the metadata",
    )
    .option('--influxdb <url>', 'URL of this server; nothing may listen there', 'http://127.0.0.1:8086')
    .option(
      '--snapshot <host:port>',
      'snapshot port of this server; nothing may listen there',
      '127.0.0.1:8088',
    )
    .option('--no-snapshot', 'this server has no snapshot port')
    .option(...localSubscriptionsFlag)
    .option('--dry-run', 'only show the result; exit code 2 if the file would change')
    .option('--json', 'output as JSON');
}

export function stoppedServerOptions(flags: StoppedServerFlags): OfflineServerOptions {
  const { meta, data, wal, agent, influxdb, snapshot, dryRun } = flags;
  return {
    meta,
    ...(data === undefined ? {} : { data }),
    ...(wal === undefined ? {} : { wal }),
    ...(agent === undefined ? {} : { agent }),
    ...(dryRun === undefined ? {} : { dryRun }),
    addresses: [addressOf(influxdb), ...(snapshot === false ? [] : [snapshot])],
  };
}

/** Returns `host:port` of a URL. */
function addressOf(url: string): string {
  try {
    const { hostname, port, protocol } = new URL(url);
    return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
  } catch (cause) {
    throw new CfluxError(
      'INVALID_OPTION',
      `--influxdb: ${JSON.stringify(url)} is not a URL; write one such as http://127.0.0.1:8086`,
      { cause },
    );
  }
}

/** Logs what shows that the server runs, after a dry run, and what could not be checked. */
export function logChecks(
  { running, unchecked }: { readonly running: readonly string[]; readonly unchecked: readonly string[] },
  terminal: Terminal,
): void {
  for (const text of running)
    terminal.err(`cflux: the server runs, and this command needs it stopped: ${printable(text)}`);
  for (const text of unchecked) terminal.err(`cflux: not checked: ${printable(text)}`);
}
