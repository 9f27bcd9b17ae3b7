import { notesOn } from './notes.js';
import type { DatabaseInfo, MetaData, RetentionPolicyInfo } from './records.js';

/*
 * Visible lists are immutable, so each change copies its list, and a hundred thousand changes would copy a long list as often. A list
 * that was created by the current sequence of operations, and was not returned to a caller yet, is changed in place instead.
 */

/** Identifies the lists that one sequence of operations may change. */
export interface Ownership {
  readonly owned: true;
}

/** A change of a list in place, which can be undone and repeated. */
interface Change {
  readonly list: readonly unknown[];
  readonly repeat: () => void;
  readonly undo: () => void;
}

/** The in-place changes since a point in time, so that they can be undone. */
export class Journal {
  readonly #changes: Change[] = [];
  readonly #lists = new Set<readonly unknown[]>();
  /** A caller has seen changed lists since then. */
  #isSeen = false;

  add(change: Change): void {
    this.#changes.push(change);
    this.#lists.add(change.list);
  }

  /** Records that everything, or `list`, is returned to a caller. */
  see(list?: readonly unknown[]): void {
    this.#isSeen ||= list === undefined ? this.#changes.length > 0 : this.#lists.has(list);
  }

  /**
   * Returns `data`, the metadata of that point in time, with its lists as they were then. Lists that a caller has seen keep their
   * contents.
   */
  undo(data: MetaData): MetaData {
    for (const { undo } of this.#changes.toReversed()) undo();
    if (!this.#isSeen) return data;
    const before = copyOf(data, this.#lists);
    for (const { repeat } of this.#changes) repeat();
    return before;
  }
}

/** Returns `data` with copies of `lists` in place of them. */
function copyOf(data: MetaData, lists: ReadonlySet<readonly unknown[]>): MetaData {
  const own = <T>(list: readonly T[]): readonly T[] => (lists.has(list) ? list.slice() : list);
  const policyOf = (policy: RetentionPolicyInfo): RetentionPolicyInfo =>
    lists.has(policy.shardGroups) || lists.has(policy.subscriptions)
      ? { ...policy, shardGroups: own(policy.shardGroups), subscriptions: own(policy.subscriptions) }
      : policy;
  const databaseOf = (database: DatabaseInfo): DatabaseInfo => {
    const retentionPolicies = mapChanged(database.retentionPolicies, policyOf);
    const continuousQueries = own(database.continuousQueries);
    const isSame =
      retentionPolicies === database.retentionPolicies && continuousQueries === database.continuousQueries;
    return isSame ? database : { ...database, retentionPolicies, continuousQueries };
  };
  const mapChanged = <T>(list: readonly T[], change: (item: T) => T): readonly T[] => {
    const changed = list.map(change);
    return lists.has(list) || changed.some((item, at) => item !== list[at]) ? changed : list;
  };
  return { ...data, databases: mapChanged(data.databases, databaseOf), users: own(data.users) };
}

export const newOwnership = (): Ownership => ({ owned: true });

const owners = notesOn<readonly unknown[], Ownership | undefined>();
let present: Ownership | undefined;
let presentJournal: Journal | undefined;

/**
 * Runs `operation`, which is synchronous; the lists that it creates belong to `ownership`, and it may change lists that do. `journal`
 * records its changes.
 */
export function withOwnership<T>(ownership: Ownership, journal: Journal | undefined, operation: () => T): T {
  present = ownership;
  presentJournal = journal;
  try {
    return operation();
  } finally {
    present = undefined;
    presentJournal = undefined;
  }
}

/**
 * Returns `list` itself, changed in place; `undefined` if a caller may have seen it. `undo` reverts `change`, which may be repeated after
 * that.
 */
export function changeOwn<T>(
  list: readonly T[],
  change: (list: T[]) => void,
  undo: (list: T[]) => void,
): readonly T[] | undefined {
  if (present === undefined || owners.get(list) !== present) return undefined;
  const own = list as T[];
  change(own);
  presentJournal?.add({ list, repeat: () => change(own), undo: () => undo(own) });
  return list;
}

/** Declares a newly created list to belong to the running operation. */
export function claim<T>(list: readonly T[]): readonly T[] {
  if (present !== undefined) owners.set(list, present);
  return list;
}

/** Gives up the ownership of lists inside a record that is returned to a caller. */
export function release(record: unknown, journal: Journal | undefined): void {
  if (typeof record !== 'object' || record === null) return;
  if ('retentionPolicies' in record) {
    const { retentionPolicies, continuousQueries } = record as DatabaseInfo;
    disown(retentionPolicies, journal);
    disown(continuousQueries, journal);
    for (const policy of retentionPolicies) release(policy, journal);
  } else if ('shardGroups' in record) {
    const { shardGroups, subscriptions } = record as RetentionPolicyInfo;
    disown(shardGroups, journal);
    disown(subscriptions, journal);
  }
}

function disown(list: readonly unknown[], journal: Journal | undefined): void {
  journal?.see(list);
  if (owners.get(list) !== undefined) owners.set(list, undefined);
}
