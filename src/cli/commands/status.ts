import { Command } from 'commander';
import { systemClock } from '../../clock.js';
import { CfluxError, isCfluxError } from '../../errors.js';
import type { ListedCluster } from '../../protocol/operator-responses.js';
import { ageText, sizeText } from '../amounts.js';
import { type EndpointFlags, withEndpointFlags } from '../connections.js';
import { jsonText } from '../json.js';
import { keptVersions } from '../kept-versions.js';
import { type ManagerApi, noData } from '../manager-api.js';
import { nodesSummary } from '../nodes-summary.js';
import { parseDuration } from '../parse.js';
import { tableLines } from '../table.js';
import type { Terminal } from '../terminal.js';
import { shortVersions } from '../version-notation.js';
import { withManager } from '../with-manager.js';

const help = `
Shows whether the manager is ready, which other managers share its store, the state of each cluster, and which of its nodes lack the
newest version. Only nodes that are alive count; legacy clients report no versions and do not count.

With --wait the command waits until all nodes have the version that is the newest at its start.
Exit code 0: ready. 4: no manager responded, or it cannot serve now. 7: after --wait not all nodes have the version.

Examples:
  cflux status
  cflux status --cluster prod --wait 30s
  cflux status --endpoint https://manager:8000 --token-file /etc/cflux/token --json`;

export function statusCommand(terminal: Terminal): Command {
  return withEndpointFlags(
    new Command('status').description('Show the state of the manager and its clusters.'),
  )
    .option('--cluster <name>', 'show only this cluster')
    .option('--wait <duration>', 'wait until all nodes have the newest version, such as 30s', parseDuration)
    .option('--json', 'output as JSON')
    .addHelpText('after', help)
    .action((flags: Flags) =>
      withManager(flags, terminal, async (manager) => {
        const failures = flags.wait === undefined ? [] : await waitForAll(manager, flags.wait, flags.cluster);
        await status(manager, flags, terminal);
        if (failures.length > 0) throw new CfluxError('NOT_EVERYWHERE', failures.join('\ncflux: '));
      }),
    );
}

interface Flags extends EndpointFlags {
  readonly json?: true;
  readonly cluster?: string;
  /** Milliseconds. */
  readonly wait?: number;
}

/** Waits for the versions that are the newest now, all within one time. Returns what failed, by cluster. */
async function waitForAll(
  manager: ManagerApi,
  timeout: number,
  only: string | undefined,
): Promise<readonly string[]> {
  const clusters = await clustersOf(manager, only);
  const end = systemClock.monotonic() + timeout;
  const failures: string[] = [];
  for (const { cluster, version } of clusters) {
    if (version === undefined) continue;
    try {
      await manager.waitForNodes(cluster, version, Math.max(0, end - systemClock.monotonic()));
    } catch (error) {
      if (!isCfluxError(error, 'TIMEOUT')) throw error;
      failures.push(`${cluster}: ${error.message}`);
    }
  }
  return failures;
}

/** @throws CfluxError `CLUSTER_NOT_FOUND` */
async function clustersOf(manager: ManagerApi, only: string | undefined): Promise<readonly ListedCluster[]> {
  const clusters = await manager.clusters();
  if (only === undefined) return clusters;
  const found = clusters.filter(({ cluster }) => cluster === only);
  if (found.length === 0) throw noData(only);
  return found;
}

async function status(
  manager: ManagerApi,
  { json = false, cluster: only }: Omit<Flags, 'json'> & { readonly json?: boolean },
  terminal: Terminal,
): Promise<void> {
  const trouble = await manager.trouble();
  if (trouble !== undefined) {
    const { endpoint, reason } = trouble;
    if (json) terminal.out(jsonText({ endpoint, ready: false, trouble: reason }));
    throw new CfluxError('UNAVAILABLE', `${endpoint} is not ready: ${reason}`);
  }
  const { cflux: managers, influx } = await manager.everything();
  const clusters = await clustersOf(manager, only);
  const nodes = influx.filter(({ cluster }) => only === undefined || cluster === only);
  const versions = await keptVersions(manager, nodes);
  const summaries = new Map(
    clusters.map(({ cluster }) => [
      cluster,
      nodesSummary(
        nodes.filter((node) => node.cluster === cluster),
        versions.get(cluster) ?? [],
      ),
    ]),
  );
  if (json) {
    const shown = clusters.map((each) => ({ ...each, summary: summaries.get(each.cluster) }));
    terminal.out(jsonText({ endpoint: manager.endpoint, ready: true, managers, clusters: shown }));
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
  const populated = clusters.filter(({ alive }) => alive > 0);
  if (populated.length > 0) terminal.out('');
  for (const { cluster } of populated) terminal.out(`${cluster}: ${summaries.get(cluster)}`);
}

/** Formats clusters as a table. */
export function clusterLines(clusters: readonly ListedCluster[]): string[] {
  if (clusters.length === 0) return ['No clusters yet; the first node that opens creates one.'];
  const now = systemClock.now();
  return tableLines(
    ['CLUSTER', 'VERSION', 'CHANGED', 'SIZE', 'ALIVE', 'NODES'],
    clusters.map(({ cluster, version, at, size, alive, nodes }) => [
      cluster,
      version === undefined ? 'no data' : shortVersions([version])(version),
      at === undefined ? '' : ageText(at, now),
      size === undefined ? '' : sizeText(size),
      alive,
      nodes,
    ]),
  );
}
