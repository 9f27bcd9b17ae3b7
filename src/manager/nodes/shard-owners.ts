import type { NodeInfo } from '../../protocol/nodes.js';

/**
 * Returns the list as legacy servers need it: they distribute shards over the nodes that are alive, and send points to them. Only legacy
 * servers accept those, so while one of them is alive the nodes of other kinds are listed as not alive.
 */
export function shardOwnersIn(nodes: readonly NodeInfo[]): readonly NodeInfo[] {
  const isOwner = ({ alive, kind }: NodeInfo) => alive && kind === 'legacy';
  if (!nodes.some(isOwner)) return nodes;
  return nodes.map((node) => ({ ...node, alive: isOwner(node) }));
}
