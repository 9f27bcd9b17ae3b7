import type { Finding, Plan, SnapshotFailure, Step } from '../influxdb/plan/plan.js';
import type { Item } from '../influxdb/statements/item.js';
import { describeItem } from '../influxdb/statements/item.js';
import { influxqlOf } from '../influxdb/statements/statement.js';
import { printable } from '../printable.js';
import { shellQuoted } from '../shell-quoted.js';

/** Returns the statements of a step on one line. */
export const statementsOf = ({ action }: Pick<Step, 'action'>): string => influxqlOf(action).join('; ');

/** Formats a finding as one line: item, reason, and its statement. */
export function describeFinding({ item, reason, action }: Finding): string {
  const statement = action === undefined ? '' : ` [${influxqlOf(action).join('; ')}]`;
  return `${describeItem(item)}: ${reason}${statement}`;
}

/** Maximum number of users that one line names. */
const maxNames = 20;

const namesOf = (users: readonly string[]): string => {
  const more = users.length - maxNames;
  const names = users
    .slice(0, maxNames)
    .map((user) => JSON.stringify(user))
    .join(', ');
  return more > 0 ? `${names} and ${more} more` : names;
};

/** Formats why no snapshot was read, and the users that are affected, as one line. */
export function describeSnapshotFailure({ reason, unverified, notImportable }: SnapshotFailure): string {
  const consequences = [
    ...(unverified.length === 0 ? [] : [`passwords that cannot be verified: ${namesOf(unverified)}`]),
    ...(notImportable.length === 0 ? [] : [`users that cannot be imported: ${namesOf(notImportable)}`]),
  ];
  return ['no snapshot could be read, so password hashes are unknown', reason, ...consequences].join('; ');
}

/** Returns whether an unmanaged item can be imported; a user cannot without its password hash. */
export const isImportable = (item: Item, failure: SnapshotFailure | undefined): boolean =>
  item.kind !== 'user' || failure?.notImportable.includes(item.user) !== true;

/** Formats an unmanaged item as one line. */
export const describeUnmanaged = (item: Item, failure: SnapshotFailure | undefined): string =>
  isImportable(item, failure)
    ? describeItem(item)
    : `${describeItem(item)} (cannot be imported: its password hash is unknown without the snapshot port)`;

/** Formats a plan as text. */
export function planText(plan: Plan, dir?: string): string[] {
  const changes = plan.steps.slice(0, plan.steps.length - plan.drops);
  const drops = plan.steps.slice(plan.steps.length - plan.drops);
  const stepLine = (step: Step) => `${statementsOf(step)}   (${step.reason})`;
  return [
    ...section('would change', changes.map(stepLine)),
    ...section('would DROP, points and all', drops.map(stepLine)),
    ...section('needs your decision', plan.pending.map(describeFinding)),
    ...section('cannot exist on this server', plan.refused.map(describeFinding)),
    ...section(
      'unmanaged (only on this server), unchanged',
      plan.unmanaged.map((item) => describeUnmanaged(item, plan.snapshotFailure)),
    ),
    ...section('local to this server, unchanged', plan.local.map(describeFinding)),
    ...section(
      'has a password that cannot be compared',
      plan.unverified.map((user) => JSON.stringify(user)),
    ),
    ...(plan.snapshotFailure === undefined
      ? []
      : [printable(`Read by SHOW: ${describeSnapshotFailure(plan.snapshotFailure)}.`), '']),
    `${plan.inSync} items in sync${plan.steps.length === 0 ? '; nothing would change' : ''}.`,
    ...(plan.confirmation === undefined
      ? []
      : [
          `To confirm the drops, run: cflux confirm-drops ${plan.confirmation} --data ${shellQuoted(dir ?? 'DIR')}`,
        ]),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0
    ? []
    : [`${lines.length} ${title}:`, ...lines.map((line) => `  ${printable(line)}`), ''];
}

/** Returns a plan as JSON: items, reasons and statements, without passwords. */
export function planJson({ steps, drops, refused, pending, local, confirmable, ...rest }: Plan): object {
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
    ...(confirmable === undefined
      ? {}
      : {
          confirmable: confirmable.map((each) => ({ ...each, drops: each.drops.map(withStatements) })),
        }),
    ...rest,
  };
}
