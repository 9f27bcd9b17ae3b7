import { Command } from 'commander';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { jsonText } from '../json.js';
import type { Terminal } from '../terminal.js';
import { withManager } from '../with-manager.js';
import { clusterLines } from './status.js';

export function clustersCommand(terminal: Terminal): Command {
  return withEndpointFlags(new Command('clusters').description('List the clusters.'))
    .option('--json', 'output as JSON, with the epoch of each cluster')
    .action((flags: EndpointFlags & { json?: true }) =>
      withManager(flags, terminal, async (manager) => {
        const clusters = await manager.clusters();
        if (flags.json) terminal.out(jsonText(clusters));
        else for (const line of clusterLines(clusters)) terminal.out(line);
      }),
    );
}
