import { Command } from 'commander';
import { type ProvisionReport, provisionServer } from '../../influxdb/provision/provision-server.js';
import { describeItem, type Item } from '../../influxdb/statements/item.js';
import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import { emptyMetaData } from '../../meta/empty-metadata.js';
import { type Difference, differenceLines, differences } from '../../meta/metadata-differences.js';
import { metadataTree } from '../../meta/metadata-tree.js';
import { printable } from '../../printable.js';
import { type ManagerFlags, managerOptions, withManagerFlags } from '../connections.js';
import { EndWith, exitCode } from '../exit-code.js';
import { jsonText } from '../json.js';
import { noData } from '../manager-api.js';
import {
  logChecks,
  type StoppedServerFlags,
  stoppedServerOptions,
  withStoppedServerFlags,
} from '../stopped-server-flags.js';
import type { Terminal } from '../terminal.js';
import { withManager } from '../with-manager.js';

interface Flags extends ManagerFlags, StoppedServerFlags {
  readonly exact?: true;
  readonly allowNoAdmin?: true;
}

const help = `
InfluxQL cannot set a password hash, so an agent needs the password of each user. This command writes the cluster's
databases, policies, users with their hashes, privileges, continuous queries and subscriptions into the meta.db of a
server that is stopped: when it starts, every password is valid. The server's own cluster id, shard groups and counters
stay, and what only the server has stays unless --exact. The previous file is kept beside the new one.

Run it as root or as the user of InfluxDB. A server whose meta.db was lost needs \`cflux recover\`. A token requires the
scope metadata.

Examples:
  cflux provision --meta /var/lib/influxdb/meta --cluster prod --dry-run
  cflux provision --meta /var/lib/influxdb/meta --cluster prod --endpoint http://manager:8000
  cflux provision --meta … --exact             remove what the cluster does not have, unless it has shards`;

export function provisionCommand(terminal: Terminal): Command {
  const command = new Command('provision').description(
    "Write a cluster's schema and users into the meta.db of a stopped server.",
  );
  return withManagerFlags(withStoppedServerFlags(command))
    .option('--exact', 'remove what only the server has; what has shards stays')
    .option('--allow-no-admin', 'allow removing the last administrator')
    .addHelpText('after', help)
    .action((flags: Flags) => provision(flags, terminal));
}

async function provision(flags: Flags, terminal: Terminal): Promise<void> {
  const { cluster = 'default' } = managerOptions(flags, terminal);
  const newest = await withManager(flags, terminal, async (manager) => {
    const found = await manager.newest(cluster);
    if (found === undefined) throw noData(cluster);
    return found;
  });
  const { exact, allowNoAdmin, localSubscriptions } = flags;
  const report = await provisionServer({
    ...stoppedServerOptions(flags),
    cluster: decodeMetadata(newest.snapshot),
    ...(exact === undefined ? {} : { exact }),
    ...(allowNoAdmin === undefined ? {} : { allowNoAdmin }),
    ...(localSubscriptions === undefined ? {} : { localSubscriptions }),
  });
  logChecks(report, terminal);
  if (flags.json)
    terminal.out(jsonText(reportJson(report, { cluster, version: newest.version, dryRun: flags.dryRun })));
  else
    for (const line of reportLines(report, { cluster, version: newest.version, dryRun: flags.dryRun }))
      terminal.out(line);
  if (flags.dryRun && report.isChanged) throw new EndWith(exitCode.wouldChange);
}

interface Context {
  readonly cluster: string;
  readonly version: number;
  readonly dryRun: true | undefined;
}

/** A server without a file had no metadata; its new cluster id is no difference. */
function differencesOf({ before, metadata }: ProvisionReport): readonly Difference[] {
  const { clusterId } = metadata;
  return differences(metadataTree(before ?? emptyMetaData({ clusterId })), metadataTree(metadata));
}

function reportLines(report: ProvisionReport, { cluster, version, dryRun }: Context): string[] {
  const { path, before, backup, isChanged, refused, shortened, kept } = report;
  const lines = [
    ...differenceLines(differencesOf(report)),
    ...refused.map(({ item, reason }) => `left out: ${describeItem(item)}: ${reason}`),
    ...shortened.map(
      (item) => `shortened: ${describeItem(item)}: the server deletes expired points when it runs`,
    ),
    ...kept.map((item) => `kept: ${describeItem(item)} has shards`),
  ].map(printable);
  const source = `version ${version} of cluster ${JSON.stringify(cluster)}`;
  if (!isChanged) return [...lines, `${path} already has ${source}; nothing to do.`];
  if (dryRun) return [...lines, '', 'Dry run: nothing was changed.'];
  const kind = before === undefined ? 'created' : 'wrote';
  const was = backup === undefined ? '' : `; the previous file is ${backup}`;
  return [...lines, '', `${kind} ${path} with ${source}${was}`];
}

function reportJson(report: ProvisionReport, { cluster, version, dryRun }: Context): object {
  const { path, backup, isChanged, refused, shortened, kept, running, unchecked } = report;
  const withText = (item: Item) => ({ item, text: describeItem(item) });
  return {
    path,
    cluster,
    version,
    changed: isChanged,
    written: isChanged && !dryRun,
    ...(backup === undefined ? {} : { backup }),
    differences: differenceLines(differencesOf(report)),
    refused: refused.map(({ item, reason }) => ({ ...withText(item), reason })),
    shortened: shortened.map(withText),
    kept: kept.map(withText),
    running,
    unchecked,
  };
}
