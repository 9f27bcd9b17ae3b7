import { computed } from '@preact/signals';
import type { ListedCluster, ListedNode } from '../../protocol/operator-responses.js';
import { conditionOf, type NodeCondition, versionOf } from '../model/node-condition.js';
import { managerProblems, type Problem, problemOf, worstFirst } from '../model/problems.js';
import { outage } from './connection.js';
import { clusterNamed, fleet, nodesByCluster } from './fleet.js';
import { historyOf } from './histories.js';

export interface JudgedNode {
  readonly node: ListedNode;
  readonly found: NodeCondition;
}

/** Every node with its condition, by cluster. */
const judged = computed<ReadonlyMap<string, readonly JudgedNode[]>>(() => {
  const now = fleet.value?.status.now ?? 0;
  const all = new Map<string, readonly JudgedNode[]>();
  for (const [cluster, nodes] of nodesByCluster.value) {
    const listed: Partial<ListedCluster> = clusterNamed(cluster) ?? {};
    const isSpread = nodes.every((node) => !lags(node, listed.version));
    // The history is read for clusters with nodes that lack something.
    const versions = isSpread ? undefined : historyOf(cluster)?.versions;
    all.set(
      cluster,
      nodes.map((node) => ({ node, found: conditionOf(node, listed, versions, now) })),
    );
  }
  return all;
});

const lags = (node: ListedNode, newest: number | undefined): boolean => {
  const version = versionOf(node);
  return newest !== undefined && version !== undefined && version < newest;
};

export const judgedOf = (cluster: string): readonly JudgedNode[] => judged.value.get(cluster) ?? [];

/** What is wrong, worst first. */
export const problems = computed<readonly Problem[]>(() => {
  const found: Problem[] = [];
  if (outage.value !== undefined) found.push({ kind: 'no manager', text: outage.value.message });
  if (fleet.value !== undefined) found.push(...managerProblems(fleet.value.status));
  for (const nodes of judged.value.values())
    for (const { node, found: condition } of nodes) {
      const problem = problemOf(node, condition);
      if (problem !== undefined) found.push(problem);
    }
  return worstFirst(found);
});
