import { describeItem } from '../influxdb/item.js';
import type { Finding, Plan, Step } from '../influxdb/plan.js';
import { influxqlOf } from '../influxdb/statement.js';
import { printable } from '../printable.js';

/** The statements of a step on one line. */
export const statementsOf = ({ action }: Pick<Step, 'action'>): string => influxqlOf(action).join('; ');

/** A finding in a sentence: what, why, and the statement that it is about. */
export function describeFinding({ item, reason, action }: Finding): string {
  const statement = action === undefined ? '' : ` [${influxqlOf(action).join('; ')}]`;
  return `${describeItem(item)}: ${reason}${statement}`;
}

/** A plan for people. */
export function planText(plan: Plan): string[] {
  const changes = plan.steps.slice(0, plan.steps.length - plan.drops);
  const drops = plan.steps.slice(plan.steps.length - plan.drops);
  const stepLine = (step: Step) => `${statementsOf(step)}   (${step.reason})`;
  return [
    ...section('would change', changes.map(stepLine)),
    ...section('would DROP, points and all', drops.map(stepLine)),
    ...section('waits for you', plan.pending.map(describeFinding)),
    ...section('cannot be had here', plan.refused.map(describeFinding)),
    ...section('is unmanaged (only on this server), and stays', plan.unmanaged.map(describeItem)),
    ...section('is local to a server, and stays', plan.local.map(describeFinding)),
    ...section(
      'has a password that nobody here can compare',
      plan.unverified.map((user) => JSON.stringify(user)),
    ),
    `${plan.inSync} things agree already${plan.steps.length === 0 ? ', and nothing would change' : ''}.`,
    ...(plan.confirmation === undefined
      ? []
      : [`The drops are confirmed by: cflux confirm-drops ${plan.confirmation} --data DIR`]),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0
    ? []
    : [`${lines.length} ${title}:`, ...lines.map((line) => `  ${printable(line)}`), ''];
}

/** A plan for programs: items, reasons and statements; no passwords. */
export function planJson({ steps, drops, refused, pending, local, ...rest }: Plan): object {
  const withStatements = ({ item, reason, action }: Finding) => ({
    item,
    reason,
    ...(action === undefined ? {} : { statements: influxqlOf(action) }),
  });
  return {
    changes: steps.slice(0, steps.length - drops).map(withStatements),
    drops: steps.slice(steps.length - drops).map(withStatements),
    pending: pending.map(withStatements),
    refused: refused.map(withStatements),
    local: local.map(withStatements),
    ...rest,
  };
}
