import type { NodeReport } from '../../protocol/node-report.js';
import { countingVersion, type NodeInfo } from '../../protocol/nodes.js';

/** How far a version has spread among the nodes of a cluster (R28). */
export interface Spread {
  /** The nodes that count and have the version. */
  readonly upToDate: readonly NodeInfo[];
  /** The nodes that count and lack it. */
  readonly behind: readonly NodeInfo[];
  /** Legacy nodes: alive, but they report no versions, so they do not count. */
  readonly unknown: readonly NodeInfo[];
}

/**
 * Divides the nodes that are alive. Not alive is also a node that shut down; it does not count.
 *
 * @param seen milliseconds; nodes that are known to have sent nothing for longer do not count
 */
export function spreadOf(
  nodes: readonly NodeInfo[],
  version: number,
  seen = Number.POSITIVE_INFINITY,
): Spread {
  const upToDate: NodeInfo[] = [];
  const behind: NodeInfo[] = [];
  const unknown: NodeInfo[] = [];
  for (const node of nodes) {
    if (!node.alive || (node.lastSeen ?? 0) > seen) continue;
    if (node.kind === 'legacy') unknown.push(node);
    // The versions of two processes with one id are not distinguished.
    else if (!node.duplicate && (countingVersion(node) ?? 0) >= version) upToDate.push(node);
    else behind.push(node);
  }
  return { upToDate, behind, unknown };
}

/** Whether the agent's server differs from the cluster in something that the report names. */
export const hasFindings = ({ pending, refused, unmanaged, unverified }: NodeReport): boolean =>
  pending + refused + unmanaged + unverified > 0;
