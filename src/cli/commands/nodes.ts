import { Command } from 'commander';
import { isCfluxError } from '../../errors.js';
import type { ListedNode } from '../../protocol/operator-responses.js';
import { ageText } from '../amounts.js';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { jsonText } from '../json.js';
import type { ManagerApi } from '../manager-api.js';
import { nodeState } from '../node-state.js';
import { tableLines } from '../table.js';
import type { Terminal } from '../terminal.js';
import { withManager } from '../with-manager.js';

const help = `
STATE is one of: up to date, 3 behind (of the versions that the manager keeps; 10+ beyond them), 2 pending (findings of its agent), server
down, unknown, duplicate (two processes shared the id), dead. HELD is the version of the node, APPLIED that of the server beside an agent.
AGE is the time since the node was last heard of.

A node is alive for its time to live after a heartbeat (default: 15 s). A dead node stays listed until it is removed:
  cflux remove-node CLUSTER ID`;

const headings = ['CLUSTER', 'ID', 'STATE', 'HELD', 'APPLIED', 'AGE', 'HOST', 'ADDRESS', 'IP'];

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
          const versions = await keptVersions(manager, nodes);
          const rows = nodes.map((node) => [
            node.cluster,
            node.id,
            nodeState(node, versions.get(node.cluster) ?? []).text,
            node.heldVersion ?? '-',
            node.appliedVersion ?? '-',
            node.lastSeen === undefined ? '-' : ageText(-node.lastSeen, 0),
            node.hostname,
            node.bindAddress,
            node.ip.replace(/,$/, '').replaceAll(',', ' '),
          ]);
          for (const line of tableLines(headings, rows)) terminal.out(line);
        }
      }),
    );
}

/** Returns the kept versions, newest first, of each cluster in which a node reported a version. */
async function keptVersions(
  manager: ManagerApi,
  nodes: readonly ListedNode[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const said = nodes.filter((node) => node.heldVersion !== undefined || node.appliedVersion !== undefined);
  const versions = new Map<string, readonly number[]>();
  for (const cluster of new Set(said.map((node) => node.cluster))) {
    try {
      versions.set(
        cluster,
        (await manager.history(cluster)).map(({ version }) => version),
      );
    } catch (error) {
      // It has nodes, and no data yet.
      if (!isCfluxError(error, 'CLUSTER_NOT_FOUND')) throw error;
    }
  }
  return versions;
}
