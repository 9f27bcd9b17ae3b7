import { notesOn } from './notes.js';
import type { DatabaseInfo, RetentionPolicyInfo } from './records.js';

/*
 * Lists are immutable for everybody who sees them, so each change copies its list, and a hundred thousand changes would copy a long
 * list as often. A list that one sequence of operations made, and that nobody has seen yet, is changed in place instead.
 */

/** Stands for the lists that one sequence of operations may change; a new one stands for none. */
export interface Ownership {
  readonly owned: true;
}

export const newOwnership = (): Ownership => ({ owned: true });

const owners = notesOn<readonly unknown[], Ownership | undefined>();
let present: Ownership | undefined;

/** Runs `operation`, which is synchronous; the lists that it makes belong to `ownership`, and it may change those that do. */
export function withOwnership<T>(ownership: Ownership, operation: () => T): T {
  present = ownership;
  try {
    return operation();
  } finally {
    present = undefined;
  }
}

/** `list` as one that may be changed in place; `undefined` if others may have seen it. */
export function ownList<T>(list: readonly T[]): T[] | undefined {
  return present !== undefined && owners.get(list) === present ? (list as T[]) : undefined;
}

/** Declares a list that was just made to be the running operation's own. */
export function claim<T>(list: readonly T[]): readonly T[] {
  if (present !== undefined) owners.set(list, present);
  return list;
}

/** Gives up the lists inside a record that is handed out. */
export function release(record: unknown): void {
  if (typeof record !== 'object' || record === null) return;
  if ('retentionPolicies' in record) {
    const { retentionPolicies, continuousQueries } = record as DatabaseInfo;
    disown(retentionPolicies);
    disown(continuousQueries);
    for (const policy of retentionPolicies) release(policy);
  } else if ('shardGroups' in record) {
    const { shardGroups, subscriptions } = record as RetentionPolicyInfo;
    disown(shardGroups);
    disown(subscriptions);
  }
}

function disown(list: readonly unknown[]): void {
  if (owners.get(list) !== undefined) owners.set(list, undefined);
}
