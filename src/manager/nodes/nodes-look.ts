import type { NodeReport } from '../../protocol/node-report.js';
import type { NodeInfo } from '../../protocol/nodes.js';
import type { Head, StoredNode } from '../manager-store.js';
import { TimeSlice } from '../time-slice.js';
import { nodeWithoutReport, reportOf } from './node-info.js';

/** The nodes of a cluster at one time. */
export interface NodesLook {
  readonly head: Head;
  /** Without the reports of agents. */
  readonly nodes: readonly NodeInfo[];
  readonly reportOf: (nodeId: number) => NodeReport | undefined;
  /** Milliseconds for which nodes may be alive that the manager does not know to be; 0 if it knows all. */
  readonly uncertainFor: number;
}

/** @param readHead is called after `readNodes`: a node may report a version that is newer than an earlier head */
export async function lookAtNodes(
  readNodes: () => Promise<readonly StoredNode[]>,
  readHead: () => Promise<Head>,
  uncertainFor: () => number,
): Promise<NodesLook> {
  // Nodes that were missed while it was uncertain are known at the end of the uncertainty, so it is determined first.
  const uncertain = uncertainFor();
  const stored = await readNodes();
  const head = await readHead();
  const slice = new TimeSlice();
  const nodes: NodeInfo[] = [];
  for (const each of stored) {
    nodes.push(nodeWithoutReport(each, head));
    await slice.rest();
  }
  const reported = new Map(
    stored.filter(({ reportJson }) => reportJson !== undefined).map((each) => [each.id, each]),
  );
  return {
    head,
    nodes,
    reportOf: (nodeId) => {
      const node = reported.get(nodeId);
      return node && reportOf(node);
    },
    // The store may have detected a gap with this very read.
    uncertainFor: Math.max(uncertain, uncertainFor()),
  };
}
