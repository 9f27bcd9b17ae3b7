import { Command } from 'commander';
import { CfluxError } from '../../errors.js';
import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import { encodeMetadata } from '../../meta/codec/encode-metadata.js';
import { differenceLines, differences } from '../../meta/metadata-differences.js';
import { metadataTree } from '../../meta/metadata-tree.js';
import { onTopOf } from '../../meta/on-top-of.js';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { jsonText } from '../json.js';
import type { ManagerApi } from '../manager-api.js';
import { readMetadataFile } from '../metadata-file.js';
import type { Terminal } from '../terminal.js';
import { withManager } from '../with-manager.js';

interface Flags extends EndpointFlags {
  readonly replace?: true;
  readonly json?: true;
}

const help = `
A cluster without data gets the file unchanged. A cluster with data is refused without --replace: with it, the file
becomes the next version, with the cluster's own id and with counters that do not decrease. \`cflux rollback\` restores
the previous version.

Examples:
  cflux import prod /var/lib/influxdb/meta/meta.db
  cflux import prod /backup/20261129T012101Z.meta      of influxd backup -portable
  cflux import prod /backup/meta.00                    of a legacy influxd backup
  cflux import staging meta.db --replace`;

export function importCommand(terminal: Terminal): Command {
  return withEndpointFlags(
    new Command('import').description(
      'Import the metadata of a meta.db or of a backup of InfluxDB into a cluster.',
    ),
  )
    .argument('<cluster>')
    .argument(
      '<file>',
      'meta.db of `cflux export` or of an InfluxDB 1.x server, or the .meta or meta.00 of `influxd backup`',
    )
    .option('--replace', 'replace the metadata of a cluster that has data')
    .option('--json', 'output as JSON')
    .addHelpText('after', help)
    .action((cluster: string, file: string, flags: Flags) =>
      withManager(flags, terminal, (manager) => importFile(manager, cluster, file, flags, terminal)),
    );
}

async function importFile(
  manager: ManagerApi,
  cluster: string,
  file: string,
  { replace, json }: Flags,
  terminal: Terminal,
): Promise<void> {
  const wanted = await readMetadataFile(file);
  const newest = await manager.newest(cluster);
  if (newest !== undefined && !replace) {
    throw new CfluxError(
      'INVALID_OPTION',
      `cannot import: cluster ${JSON.stringify(cluster)} has data (version ${newest.version}); pass --replace to replace it`,
    );
  }
  const current = newest === undefined ? undefined : decodeMetadata(newest.snapshot);
  const data = current === undefined ? wanted : onTopOf(current, wanted);
  const version = await manager.push(cluster, newest, encodeMetadata(data));
  if (json) {
    terminal.out(jsonText({ cluster, version, replaced: newest?.version }));
    return;
  }
  if (current !== undefined) {
    for (const line of differenceLines(differences(metadataTree(current), metadataTree(data))))
      terminal.out(line);
  }
  const { databases, users } = data;
  terminal.out(`Version ${version}: ${databases.length} databases and ${users.length} users of ${file}.`);
}
