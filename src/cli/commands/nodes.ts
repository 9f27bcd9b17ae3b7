import { Command } from 'commander';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { jsonText } from '../json.js';
import { tableLines } from '../table.js';
import type { Terminal } from '../terminal.js';
import { withManager } from '../with-manager.js';

const help = `
A node is alive for its time to live after a heartbeat (default: 15 s). A dead node stays listed until it is removed:
  cflux remove-node CLUSTER ID`;

export function nodesCommand(terminal: Terminal): Command {
  return withEndpointFlags(new Command('nodes').description('List the nodes of a cluster, or of all.'))
    .argument('[cluster]', 'list only the nodes of this cluster')
    .option('--json', 'output as JSON')
    .addHelpText('after', help)
    .action((cluster: string | undefined, flags: EndpointFlags & { json?: true }) =>
      withManager(flags, terminal, async (manager) => {
        const nodes =
          cluster === undefined
            ? (await manager.everything()).influx
            : (await manager.nodes(cluster)).map((node) => ({ cluster, ...node }));
        if (flags.json) {
          terminal.out(jsonText(nodes));
          return;
        }
        if (nodes.length === 0) terminal.err('cflux: no nodes');
        else {
          const rows = nodes.map((node) => [
            node.cluster,
            node.id,
            node.alive ? 'alive' : 'dead',
            node.hostname,
            node.bindAddress,
            node.ip.replace(/,$/, '').replaceAll(',', ' '),
          ]);
          for (const line of tableLines(['CLUSTER', 'ID', 'STATE', 'HOST', 'ADDRESS', 'IP'], rows))
            terminal.out(line);
        }
      }),
    );
}
