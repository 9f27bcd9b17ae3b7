import { Command } from 'commander';
import { CfluxError, isCfluxError } from '../../errors.js';
import { printable } from '../../printable.js';
import type { NodeInfo } from '../../protocol/nodes.js';
import { ageText } from '../amounts.js';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { jsonText } from '../json.js';
import type { ManagerApi } from '../manager-api.js';
import { parseDuration, parseNodeId } from '../parse.js';
import type { Terminal } from '../terminal.js';
import { withManager } from '../with-manager.js';

const help = `
For a server that was decommissioned. A node that still runs registers again, under another id.

With --dead-for all nodes are removed that are dead and sent their last request that long ago. Nodes for which the manager does not know
when that was are skipped and listed.

Examples:
  cflux remove-node prod 7
  cflux remove-node prod --dead-for 1d`;

interface Flags extends EndpointFlags {
  readonly json?: true;
  /** Milliseconds. */
  readonly deadFor?: number;
}

export function removeNodeCommand(terminal: Terminal): Command {
  return withEndpointFlags(new Command('remove-node').description('Remove nodes from a cluster.'))
    .argument('<cluster>')
    .argument('[id]', 'node id from `cflux nodes`', parseNodeId)
    .option(
      '--dead-for <duration>',
      'remove all nodes that have been dead so long, such as 1d',
      parseDuration,
    )
    .option('--json', 'output as JSON')
    .addHelpText('after', help)
    .action(async (cluster: string, id: number | undefined, { deadFor, json, ...flags }: Flags) => {
      if (id !== undefined && deadFor !== undefined)
        throw new CfluxError('INVALID_OPTION', 'give a node id or --dead-for, not both');
      await withManager(flags, terminal, async (manager) => {
        if (deadFor !== undefined) return removeDead(manager, cluster, deadFor, json ?? false, terminal);
        if (id === undefined)
          throw new CfluxError('INVALID_OPTION', 'no node given: give a node id, or --dead-for 1d');
        await manager.removeNode(cluster, id);
        terminal.out(json ? jsonText({ cluster, removed: id }) : `Removed node ${id}.`);
      });
    });
}

async function removeDead(
  manager: ManagerApi,
  cluster: string,
  deadFor: number,
  json: boolean,
  terminal: Terminal,
): Promise<void> {
  const dead = (await manager.nodes(cluster)).filter(({ alive }) => !alive);
  const skipped = dead.filter(({ lastSeen }) => lastSeen === undefined);
  const removed: NodeInfo[] = [];
  for (const node of dead) {
    if (node.lastSeen === undefined || node.lastSeen < deadFor) continue;
    try {
      await manager.removeNode(cluster, node.id);
    } catch (error) {
      // Another operator removed it.
      if (!isCfluxError(error, 'NODE_NOT_FOUND')) throw error;
      continue;
    }
    removed.push(node);
    if (!json) terminal.out(`Removed ${nameOf(node)}, last seen ${ageText(-node.lastSeen, 0)}.`);
  }
  if (json) {
    terminal.out(jsonText({ cluster, removed: idsOf(removed), skipped: idsOf(skipped) }));
    return;
  }
  if (removed.length === 0) terminal.out('No nodes to remove.');
  for (const node of skipped)
    terminal.err(`cflux: skipped ${nameOf(node)}: it is dead, but the time of its last request is unknown`);
}

const nameOf = ({ id, hostname }: NodeInfo) => `node ${id} (${printable(hostname)})`;

const idsOf = (nodes: readonly NodeInfo[]) => nodes.map(({ id }) => id);
