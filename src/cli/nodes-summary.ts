import { printable } from '../printable.js';
import type { NodeInfo } from '../protocol/nodes.js';
import { nodeState } from './node-state.js';

/** Nodes that a summary names. */
const most = 5;

/**
 * Summarizes the nodes that are alive: `7 of 8 nodes up to date; node 12 (host) 3 versions behind`. Legacy nodes do not count.
 *
 * @param versions the kept versions, newest first
 */
export function nodesSummary(nodes: readonly NodeInfo[], versions: readonly number[]): string {
  const alive = nodes.filter((node) => node.alive);
  const counted = alive.filter(({ kind }) => kind !== 'legacy');
  const others = counted.flatMap((node) => {
    const { text } = nodeState(node, versions);
    return text === 'up to date' ? [] : [`node ${node.id} (${printable(node.hostname)}) ${inWords(text)}`];
  });
  const legacy = alive.length - counted.length;
  const whole = `${counted.length - others.length} of ${counted.length} nodes up to date`;
  return [
    whole,
    ...others.slice(0, most),
    ...(others.length > most ? [`${others.length - most} more, see \`cflux nodes\``] : []),
    ...(legacy === 0 ? [] : [`${legacy} legacy ${legacy === 1 ? 'node' : 'nodes'} unknown`]),
  ].join('; ');
}

const inWords = (state: string) =>
  state.replace(
    /^(\S+) behind$/,
    (_, lag: string) => `${lag} ${lag === '1' ? 'version' : 'versions'} behind`,
  );
