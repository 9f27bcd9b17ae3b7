import { Command } from 'commander';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { jsonText } from '../json.js';
import { parseNodeId } from '../parse.js';
import type { Terminal } from '../terminal.js';
import { withManager } from '../with-manager.js';

const help = `
For a server that was decommissioned. A node that still runs registers again, under another id.`;

export function removeNodeCommand(terminal: Terminal): Command {
  return withEndpointFlags(new Command('remove-node').description('Remove a node from a cluster.'))
    .argument('<cluster>')
    .argument('<id>', 'node id from `cflux nodes`', parseNodeId)
    .option('--json', 'output as JSON')
    .addHelpText('after', help)
    .action((cluster: string, id: number, flags: EndpointFlags & { json?: true }) =>
      withManager(flags, terminal, async (manager) => {
        await manager.removeNode(cluster, id);
        terminal.out(flags.json ? jsonText({ cluster, removed: id }) : `Removed node ${id}.`);
      }),
    );
}
