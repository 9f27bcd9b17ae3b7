import { Command } from 'commander';
import { decodeMetadata } from '../../meta/codec/decode-metadata.js';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { jsonText } from '../json.js';
import { noData } from '../manager-api.js';
import { metadataLines } from '../metadata-text.js';
import { metadataTree } from '../metadata-tree.js';
import { parseVersionArgument } from '../parse.js';
import type { Terminal } from '../terminal.js';
import { clusterOf, withManager } from '../with-manager.js';

const help = `
Password hashes are not shown; \`cflux export\` hands out everything.

Examples:
  cflux show prod                    what is current
  cflux show prod 1763800000123      what was
  cflux show prod --json | jq '.databases[].name'`;

export function showCommand(terminal: Terminal): Command {
  return withEndpointFlags(
    new Command('show').description('Show the metadata of a cluster, or an older version of it.'),
  )
    .argument('[cluster]', 'the cluster (default: CLUSTER, or default)')
    .argument('[version]', 'default: the newest', parseVersionArgument)
    .option('--json', 'for programs')
    .addHelpText('after', help)
    .action(
      async (
        argument: string | undefined,
        version: number | undefined,
        flags: EndpointFlags & { json?: true },
      ) =>
        withManager(flags, terminal, async (manager) => {
          const cluster = clusterOf(argument, terminal);
          const snapshot =
            version === undefined
              ? await manager.newest(cluster)
              : { version, snapshot: await manager.version(cluster, version) };
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
