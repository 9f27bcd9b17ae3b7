import { Command } from 'commander';
import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import { encodeMetadata } from '../../meta/codec/encode-metadata.js';
import { equalMetadata } from '../../meta/equal-metadata.js';
import { differenceLines, differences } from '../../meta/metadata-differences.js';
import { metadataTree } from '../../meta/metadata-tree.js';
import { onTopOf } from '../../meta/on-top-of.js';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { jsonText } from '../json.js';
import { type ManagerApi, noData } from '../manager-api.js';
import { parseVersionArgument } from '../parse.js';
import type { Terminal } from '../terminal.js';
import { withManager } from '../with-manager.js';
import { differenceJson } from './diff.js';

interface Flags extends EndpointFlags {
  readonly dryRun?: true;
  readonly json?: true;
}

const help = `
The old version is stored again as the newest, so a rollback can be rolled back too. The counters of shard groups and
shards do not decrease: ids are never reused.

Examples:
  cflux rollback prod 1763800000123 --dry-run    what would change
  cflux rollback prod 1763800000123`;

export function rollbackCommand(terminal: Terminal): Command {
  return withEndpointFlags(new Command('rollback').description('Make an older version current again.'))
    .argument('<cluster>')
    .argument('<version>', 'version from `cflux history`', parseVersionArgument)
    .option('--dry-run', 'only show what would change')
    .option('--json', 'output as JSON')
    .addHelpText('after', help)
    .action((cluster: string, version: number, flags: Flags) =>
      withManager(flags, terminal, (manager) => rollback(manager, cluster, version, flags, terminal)),
    );
}

async function rollback(
  manager: ManagerApi,
  cluster: string,
  version: number,
  { dryRun, json }: Flags,
  terminal: Terminal,
): Promise<void> {
  const newest = await manager.newest(cluster);
  if (newest === undefined) throw noData(cluster);
  const current = decodeMetadata(newest.snapshot);
  const wanted = onTopOf(current, decodeMetadata(await manager.version(cluster, version)));
  const found = differences(metadataTree(current), metadataTree(wanted));
  const isSame = equalMetadata(current, wanted);
  const stored = isSame || dryRun ? undefined : await manager.push(cluster, newest, encodeMetadata(wanted));
  if (json) {
    terminal.out(
      jsonText({
        cluster,
        from: version,
        version: stored ?? newest.version,
        changed: stored !== undefined,
        differences: found.map(differenceJson),
      }),
    );
    return;
  }
  for (const line of differenceLines(found)) terminal.out(line);
  if (isSame) terminal.out(`Version ${newest.version} is the same already; nothing to do.`);
  else if (stored === undefined) terminal.out('Dry run: nothing was changed.');
  else terminal.out(`Version ${version} is current again, as version ${stored}.`);
}
