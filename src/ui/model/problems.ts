import type { ManagerStatus } from '../../protocol/manager-status.js';
import type { ListedNode } from '../../protocol/operator-responses.js';
import { type Condition, lagText, type NodeCondition } from './node-condition.js';
import { spanText } from './spans.js';

/** Something that an operator should look at. */
export interface Problem {
  readonly kind: Exclude<Condition, 'up to date' | 'left' | 'unknown'> | 'store' | 'no manager';
  readonly cluster?: string | undefined;
  readonly node?: ListedNode | undefined;
  readonly text: string;
}

/** What is wrong with a node; undefined: nothing. */
export function problemOf(node: ListedNode, found: NodeCondition): Problem | undefined {
  const text = textOf(node, found);
  const { condition } = found;
  if (text === undefined || condition === 'up to date' || condition === 'left' || condition === 'unknown')
    return undefined;
  return { kind: condition, cluster: node.cluster, node, text };
}

function textOf({ lastSeen, report }: ListedNode, found: NodeCondition): string | undefined {
  switch (found.condition) {
    case 'duplicate':
      return 'two processes use its id; both register again';
    case 'silent':
      return lastSeen === undefined ? 'no heartbeat' : `no request for ${spanText(lastSeen)}`;
    case 'server down':
      return report?.influxdb.error ?? 'its InfluxDB server cannot be reached';
    case 'behind':
      return [lagText(found), found.since === undefined ? '' : spanText(found.since)]
        .filter(Boolean)
        .join(', ');
    case 'findings':
      return (
        report?.findings.find(({ kind }) => kind === 'refused' || kind === 'pending')?.text ??
        `${found.open} findings`
      );
    default:
      return undefined;
  }
}

/** What is wrong with the manager itself. */
export function managerProblems({ store, manager, lastError }: ManagerStatus): readonly Problem[] {
  const problems: Problem[] = [];
  if (!store.ready)
    problems.push({
      kind: 'store',
      text: `manager ${manager.id.slice(0, 8)}: ${store.trouble ?? 'not ready'}`,
    });
  else if (lastError !== undefined)
    problems.push({ kind: 'store', text: `last error in the background: ${lastError}` });
  return problems;
}

const order: readonly Problem['kind'][] = [
  'no manager',
  'store',
  'duplicate',
  'server down',
  'silent',
  'behind',
  'findings',
];

export const worstFirst = (problems: readonly Problem[]): readonly Problem[] =>
  problems.toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
