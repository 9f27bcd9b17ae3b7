import { isCfluxError } from '../errors.js';
import type { ListedNode } from '../protocol/operator-responses.js';
import type { ManagerApi } from './manager-api.js';

/** Returns the kept versions, newest first, of each cluster in which a node reported a version. */
export async function keptVersions(
  manager: ManagerApi,
  nodes: readonly ListedNode[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const reporting = nodes.filter(
    (node) => node.heldVersion !== undefined || node.appliedVersion !== undefined,
  );
  const versions = new Map<string, readonly number[]>();
  for (const cluster of new Set(reporting.map((node) => node.cluster))) {
    try {
      const history = await manager.history(cluster);
      versions.set(
        cluster,
        history.map(({ version }) => version),
      );
    } catch (error) {
      // It has nodes, and no data yet.
      if (!isCfluxError(error, 'CLUSTER_NOT_FOUND')) throw error;
    }
  }
  return versions;
}
