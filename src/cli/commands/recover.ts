import { Command } from 'commander';
import { isCfluxError } from '../../errors.js';
import { recoverServer } from '../../influxdb/recover/recover-server.js';
import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import type { MetaData } from '../../meta/records.js';
import { type EndpointFlags, withManagerFlags } from '../connections.js';
import { EndWith, exitCode } from '../exit-code.js';
import { jsonText } from '../json.js';
import { type ManagerApi, noData } from '../manager-api.js';
import { readMetadataFile } from '../metadata-file.js';
import { recoveryJson, recoveryText } from '../recovery-text.js';
import {
  logChecks,
  type StoppedServerFlags,
  stoppedServerOptions,
  withStoppedServerFlags,
} from '../stopped-server-flags.js';
import type { Terminal } from '../terminal.js';
import { withManager } from '../with-manager.js';

interface Flags extends EndpointFlags, StoppedServerFlags {
  /** `false`: `--no-cluster`. */
  readonly cluster?: string | false;
  readonly from?: string;
  readonly withDropped?: true;
}

const help = `
The shard groups are inferred from the times of the points on disk: the indexes of TSM files, and write-ahead logs.
Everything else (durations, defaults, users, queries) comes from the cluster, from an older meta.db or a backup (--from),
and from the present file if it can be read. Without all of them policies keep points for ever, with the shard duration
that the shards show. Every guess is listed. Nothing below --data and --wal is changed, and the previous file is kept.

With --agent the server keeps its cluster id, and the agent resumes by itself. Databases that the cluster dropped are
listed, and recreated only with --with-dropped. Exit code 1: shards on disk are not in the new file.

Examples:
  cflux recover --data /var/lib/influxdb/data --wal /var/lib/influxdb/wal --meta /var/lib/influxdb/meta \\
    --agent /var/lib/cflux --cluster prod --endpoint http://manager:8000 --dry-run
  cflux recover --meta /var/lib/influxdb/meta --from /backup/20261129T012101Z.meta
  cflux recover --meta /var/lib/influxdb/meta --no-cluster     only from the disk and the present file`;

export function recoverCommand(terminal: Terminal): Command {
  const command = new Command('recover').description(
    'Rebuild a lost or older meta.db of a stopped server from its shards on disk.',
  );
  return withManagerFlags(withStoppedServerFlags(command))
    .option('--no-cluster', 'do not use a cluster, although CLUSTER or the configuration names one')
    .option('--from <file>', 'older meta.db of this server, or the .meta or meta.00 of `influxd backup`')
    .option('--with-dropped', 'recreate databases and policies that the cluster dropped')
    .addHelpText('after', help)
    .action((flags: Flags) => recover(flags, terminal));
}

async function recover(flags: Flags, terminal: Terminal): Promise<void> {
  const { from, withDropped, localSubscriptions } = flags;
  const name = flags.cluster === false ? undefined : flags.cluster || terminal.env['CLUSTER'] || undefined;
  const older = from === undefined ? undefined : await readMetadataFile(from, '--from');
  const { cluster: _cluster, ...endpoint } = flags;
  const cluster =
    name === undefined ? {} : await withManager(endpoint, terminal, (manager) => versionsOf(manager, name));
  const report = await recoverServer({
    ...stoppedServerOptions(flags),
    ...cluster,
    ...(older === undefined ? {} : { from: older }),
    ...(withDropped === undefined ? {} : { withDropped }),
    ...(localSubscriptions === undefined ? {} : { localSubscriptions }),
  });
  logChecks(report, terminal);
  if (flags.json) terminal.out(jsonText(recoveryJson(report)));
  else for (const line of recoveryText(report)) terminal.out(line);
  if (flags.dryRun) throw new EndWith(exitCode.wouldChange);
  const leftOut = report.findings.filter(({ kind }) => kind === 'leftOut').length;
  if (leftOut > 0) {
    terminal.err(`cflux: ${leftOut} shards on disk are not in ${report.path}; see the report`);
    throw new EndWith(exitCode.failed);
  }
}

/** Resolves with the newest metadata of a cluster and the earlier versions that the manager keeps. */
async function versionsOf(
  manager: ManagerApi,
  name: string,
): Promise<{ readonly cluster: MetaData; readonly earlier: readonly MetaData[] }> {
  const newest = await manager.newest(name);
  if (newest === undefined) throw noData(name);
  const cluster = decodeMetadata(newest.snapshot);
  const earlier: MetaData[] = [];
  for (const { version } of await manager.history(name)) {
    if (version >= newest.version) continue;
    try {
      earlier.push(decodeMetadata(await manager.version(name, version), earlier.at(-1) ?? cluster));
    } catch (error) {
      // The manager keeps a number of versions, and a newer one may have displaced it.
      if (!isCfluxError(error, 'VERSION_NOT_FOUND')) throw error;
    }
  }
  return { cluster, earlier };
}
