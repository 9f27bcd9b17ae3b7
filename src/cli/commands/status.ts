import { Command } from 'commander';
import { systemClock } from '../../clock.js';
import { CfluxError } from '../../errors.js';
import type { ListedCluster } from '../../protocol/operator-responses.js';
import { ageText, sizeText } from '../amounts.js';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { jsonText } from '../json.js';
import type { ManagerApi } from '../manager-api.js';
import { tableLines } from '../table.js';
import type { Terminal } from '../terminal.js';
import { withManager } from '../with-manager.js';

const help = `
Shows whether the manager is ready, which other managers share its store, and the state of each cluster.
Exit code 0: ready. 4: no manager responded, or it cannot serve now.

Examples:
  cflux status
  cflux status --endpoint https://manager:8000 --token-file /etc/cflux/token --json`;

export function statusCommand(terminal: Terminal): Command {
  return withEndpointFlags(
    new Command('status').description('Show the state of the manager and its clusters.'),
  )
    .option('--json', 'output as JSON')
    .addHelpText('after', help)
    .action((flags: EndpointFlags & { json?: true }) =>
      withManager(flags, terminal, (manager) => status(manager, flags.json === true, terminal)),
    );
}

async function status(manager: ManagerApi, json: boolean, terminal: Terminal): Promise<void> {
  const trouble = await manager.trouble();
  if (trouble !== undefined) {
    const { endpoint, reason } = trouble;
    if (json) terminal.out(jsonText({ endpoint, ready: false, trouble: reason }));
    throw new CfluxError('UNAVAILABLE', `${endpoint} is not ready: ${reason}`);
  }
  const { cflux: managers } = await manager.everything();
  const clusters = await manager.clusters();
  if (json) {
    terminal.out(jsonText({ endpoint: manager.endpoint, ready: true, managers, clusters }));
    return;
  }
  terminal.out(`${manager.endpoint} is ready.`);
  if (managers.length > 1) {
    terminal.out('');
    const rows = managers.map(({ hostname, bindAddress, id }) => [hostname, bindAddress, id]);
    for (const line of tableLines(['MANAGER', 'ADDRESS', 'ID'], rows)) terminal.out(line);
  }
  terminal.out('');
  for (const line of clusterLines(clusters)) terminal.out(line);
}

/** Formats clusters as a table. */
export function clusterLines(clusters: readonly ListedCluster[]): string[] {
  if (clusters.length === 0) return ['No clusters yet; the first node that opens creates one.'];
  const now = systemClock.now();
  return tableLines(
    ['CLUSTER', 'VERSION', 'CHANGED', 'SIZE', 'ALIVE', 'NODES'],
    clusters.map(({ cluster, version, at, size, alive, nodes }) => [
      cluster,
      version ?? 'no data',
      at === undefined ? '' : ageText(at, now),
      size === undefined ? '' : sizeText(size),
      alive,
      nodes,
    ]),
  );
}
