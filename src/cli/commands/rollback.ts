import { Command } from 'commander';
import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import { encodeMetadata } from '../../meta/codec/encode-metadata.js';
import { equalMetadata } from '../../meta/equal-metadata.js';
import { differenceLines, differences } from '../../meta/metadata-differences.js';
import { metadataTree } from '../../meta/metadata-tree.js';
import { onTopOf } from '../../meta/on-top-of.js';
import { revocationOf } from '../../protocol/revoked-orders.js';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { jsonText } from '../json.js';
import { type ManagerApi, noData } from '../manager-api.js';
import type { Terminal } from '../terminal.js';
import {
  parseVersionNotation,
  resolveVersion,
  type VersionNotation,
  versionHelp,
} from '../version-notation.js';
import { withManager } from '../with-manager.js';
import { differenceJson } from './diff.js';

interface Flags extends EndpointFlags {
  readonly dryRun?: true;
  readonly json?: true;
}

const help = `
The old version is stored again as the newest, so a rollback can be rolled back too. The counters of shard groups and
shards do not decrease: ids are never reused. Orders of later versions to drop what the old version has are revoked.

${versionHelp}

Examples:
  cflux rollback prod -1 --dry-run     what undoing the latest version would change
  cflux rollback prod 1763800000123`;

export function rollbackCommand(terminal: Terminal): Command {
  return withEndpointFlags(new Command('rollback').description('Make an older version current again.'))
    .argument('<cluster>')
    .argument('<version>', 'version from `cflux history`', parseVersionNotation)
    .option('--dry-run', 'only show what would change')
    .option('--json', 'output as JSON')
    .addHelpText('after', help)
    .action((cluster: string, version: VersionNotation, flags: Flags) =>
      withManager(flags, terminal, (manager) => rollback(manager, cluster, version, flags, terminal)),
    );
}

const olderManager =
  'cflux: the manager is older, and did not revoke the drop orders of later versions: upgrade it';

async function rollback(
  manager: ManagerApi,
  cluster: string,
  notation: VersionNotation,
  { dryRun, json }: Flags,
  terminal: Terminal,
): Promise<void> {
  const version = await resolveVersion(manager, cluster, notation);
  const newest = await manager.newest(cluster);
  if (newest === undefined) throw noData(cluster);
  const current = decodeMetadata(newest.snapshot);
  const wanted = onTopOf(current, decodeMetadata(await manager.version(cluster, version)));
  const found = differences(metadataTree(current), metadataTree(wanted));
  const isSame = equalMetadata(current, wanted);
  const drops = revocationOf(wanted, version, await manager.dropOrders(cluster, version));
  const onIgnored = () => terminal.err(olderManager);
  const stored =
    isSame || dryRun
      ? undefined
      : await manager.push(cluster, newest, encodeMetadata(wanted), { drops, onIgnored });
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
