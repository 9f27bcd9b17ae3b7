import { Command } from 'commander';
import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import { metadataLines } from '../../meta/metadata-text.js';
import { metadataTree } from '../../meta/metadata-tree.js';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { jsonText } from '../json.js';
import { noData } from '../manager-api.js';
import type { Terminal } from '../terminal.js';
import { parseVersionNotation, snapshotOf, type VersionNotation, versionHelp } from '../version-notation.js';
import { clusterOf, withManager } from '../with-manager.js';

const help = `
Password hashes are not shown; \`cflux export\` includes them. A token requires the scope metadata.

${versionHelp}

Examples:
  cflux show prod                    the newest version
  cflux show prod -1                 the version before it
  cflux show prod 1763800000123      an older version
  cflux show prod --json | jq '.databases[].name'`;

export function showCommand(terminal: Terminal): Command {
  return withEndpointFlags(
    new Command('show').description('Show the metadata of a cluster, the newest or an older version.'),
  )
    .argument('[cluster]', 'name of the cluster (default: CLUSTER, or default)')
    .argument('[version]', 'version (default: the newest)', parseVersionNotation)
    .option('--json', 'output as JSON')
    .addHelpText('after', help)
    .action(
      async (
        argument: string | undefined,
        notation: VersionNotation | undefined,
        flags: EndpointFlags & { json?: true },
      ) =>
        withManager(flags, terminal, async (manager) => {
          const cluster = clusterOf(argument, terminal);
          const snapshot = await snapshotOf(manager, cluster, notation);
          if (snapshot === undefined) throw noData(cluster);
          const data = decodeMetadata(snapshot.snapshot);
          if (flags.json) {
            const users = data.users.map(({ hash: _, ...user }) => user);
            terminal.out(jsonText({ cluster, version: snapshot.version, ...data, users }));
            return;
          }
          terminal.out(`Cluster ${JSON.stringify(cluster)}, version ${snapshot.version}\n`);
          for (const line of metadataLines(metadataTree(data))) terminal.out(line);
        }),
    );
}
