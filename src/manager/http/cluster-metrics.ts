import { countingVersion, type NodeInfo } from '../../protocol/nodes.js';
import { noVersion } from '../../protocol/version.js';
import type { Manager } from '../manager.js';
import { spreadOf } from '../nodes/spread.js';
import { TimeSlice } from '../time-slice.js';

/**
 * Formats the metrics of each cluster as lines of the Prometheus text format. prom-client is not used here, because it would block the
 * event loop for as long as ten thousand clusters take.
 */
export async function clusterMetrics(manager: Manager): Promise<readonly string[]> {
  const slice = new TimeSlice();
  const versions = heading('cflux_cluster_version', 'The newest version of a cluster.');
  const sizes = heading('cflux_snapshot_bytes', 'Size of the newest snapshot of a cluster.');
  const nodes = heading('cflux_nodes', 'Nodes of a cluster, by whether they are alive.');
  const behind = heading('cflux_nodes_behind', 'Nodes that are alive and lack the newest version.');
  const oldest = heading(
    'cflux_oldest_applied_version',
    'The lowest version that a node has: of agents the applied one, of others the held one.',
  );
  for (const { cluster, latest } of await clustersOf(manager)) {
    const label = `cluster="${escaped(cluster)}"`;
    if (latest !== undefined) {
      versions.push(`cflux_cluster_version{${label}} ${latest.version}`);
      sizes.push(`cflux_snapshot_bytes{${label}} ${latest.size}`);
    }
    const members = await manager.nodes(cluster).catch(() => undefined);
    if (members === undefined) break;
    const alive = members.filter((node) => node.alive).length;
    nodes.push(`cflux_nodes{${label},alive="true"} ${alive}`);
    nodes.push(`cflux_nodes{${label},alive="false"} ${members.length - alive}`);
    const spread = spreadOf(members, latest?.version ?? noVersion);
    behind.push(`cflux_nodes_behind{${label}} ${spread.behind.length}`);
    const lowest = lowestOf([...spread.upToDate, ...spread.behind]);
    if (lowest !== undefined) oldest.push(`cflux_oldest_applied_version{${label}} ${lowest}`);
    await slice.rest();
  }
  return [...versions, ...sizes, ...nodes, ...behind, ...oldest];
}

/** Not `Math.min(...)`, because the number of arguments is limited. */
const lowestOf = (nodes: readonly NodeInfo[]) =>
  nodes.reduce<number | undefined>((lowest, node) => {
    const version = countingVersion(node);
    return version === undefined || (lowest !== undefined && lowest <= version) ? lowest : version;
  }, undefined);

/** Empty while the store fails: the metrics of the manager itself are needed most then. */
const clustersOf = (manager: Manager) => manager.clusters().catch(() => []);

const heading = (name: string, help: string) => [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`];

const escapes: ReadonlyMap<string, string> = new Map([
  ['\\', '\\\\'],
  ['"', '\\"'],
  ['\n', '\\n'],
]);
const escaped = (value: string) => value.replace(/[\\"\n]/g, (character) => escapes.get(character) ?? '');
