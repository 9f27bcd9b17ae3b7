import { changeOwn, claim } from './in-place.js';
import { type Named, NameTable } from './name-table.js';
import { notesOn } from './notes.js';

export type { Named } from './name-table.js';

/*
 * Lists of records with names (databases, users, …). They are immutable, so every change creates a new list; of two records with the same
 * name the first counts. A list of ten thousand is copied in a few microseconds, but searched in a hundred: long ones have a table of
 * their names, which a changed list inherits.
 */

/** Cached properties of a list. */
interface Lineage {
  readonly names?: NameTable | undefined;
  /** The nearest ancestor that was {@link settle}d. */
  readonly origin?: readonly unknown[] | undefined;
  /** What the list and the lists between it and its origin have cost; see {@link spend}. */
  readonly spent?: number | undefined;
}

const lineages = notesOn<readonly unknown[], Lineage>();

/** Up to this length, a search is as fast as a table. */
const maxWithoutTable = 32;

function namesOf(list: readonly Named[]): NameTable {
  const lineage = lineages.get(list);
  if (lineage?.names && !lineage.names.isWorn) return lineage.names;
  const names = NameTable.of(list);
  lineages.set(list, { ...lineage, names });
  return names;
}

/** Returns the position of the first `name` in `list`; −1 if it is not there. */
export function positionOf(list: readonly Named[], name: string): number {
  if (list.length > maxWithoutTable) return namesOf(list).positionOf(name);
  return list.findIndex((item) => item.name === name);
}

export function findByName<T extends Named>(list: readonly T[], name: string): T | undefined {
  return list[positionOf(list, name)];
}

export function append<T extends Named>(list: readonly T[], item: T): readonly T[] {
  const lineage = lineages.get(list);
  const own = changeNamed(
    list,
    (items) => items.push(item),
    (items) => items.pop(),
  );
  // Twice as fast as a spread, a slice with a push, or concat, which all copy twice or element by element.
  const appended = own ?? claim(list.toSpliced(list.length, 0, item));
  if (lineage !== undefined) {
    lineages.set(appended, { ...lineage, names: lineage.names?.with(item.name) });
  }
  return appended;
}

export function removeAt<T extends Named>(list: readonly T[], position: number): readonly T[] {
  const lineage = lineages.get(list);
  const removed = list.slice(position, position + 1);
  const own = changeNamed(
    list,
    (items) => items.splice(position, 1),
    (items) => items.splice(position, 0, ...removed),
  );
  const remaining = own ?? claim(list.toSpliced(position, 1));
  if (lineage !== undefined) {
    const names = lineage.names?.without(removed[0]?.name ?? '');
    lineages.set(remaining, { ...lineage, names });
  }
  return remaining;
}

export function replaceAt<T extends Named>(list: readonly T[], position: number, item: T): readonly T[] {
  const lineage = lineages.get(list);
  const before = list[position];
  const own = changeNamed(
    list,
    (items) => items.splice(position, 1, item),
    (items) => before !== undefined && items.splice(position, 1, before),
  );
  const replaced = own ?? claim(list.with(position, item));
  if (lineage !== undefined)
    lineages.set(replaced, before?.name === item.name ? lineage : { ...lineage, names: undefined });
  return replaced;
}

/** {@link changeOwn} for a list of names: its cached properties change with it. */
function changeNamed<T extends Named>(
  list: readonly T[],
  change: (items: T[]) => void,
  undo: (items: T[]) => void,
): readonly T[] | undefined {
  const before = lineages.get(list);
  let after: Lineage | undefined;
  return changeOwn(
    list,
    (items) => {
      change(items);
      if (after !== undefined) lineages.set(items, after);
    },
    (items) => {
      after = lineages.get(items);
      undo(items);
      lineages.set(items, before ?? {});
    },
  );
}

/** Applies `change` to each element; returns the same list if it changes none. Names must not change. */
export function mapList<T>(list: readonly T[], change: (item: T) => T): readonly T[] {
  let changed: T[] | undefined;
  for (let position = 0; position < list.length; position++) {
    const item = list[position];
    if (item === undefined) continue;
    const next = change(item);
    if (next === item) continue;
    changed ??= list.slice();
    changed[position] = next;
  }
  if (changed === undefined) return list;
  const lineage = lineages.get(list);
  if (lineage !== undefined) lineages.set(changed, lineage);
  return changed;
}

/** Passes the cached properties of `from` on to `list`, which was made from it in some other way, if they still apply. */
export function descend(list: readonly Named[], from: readonly Named[]): void {
  const lineage = lineages.get(from);
  if (lineage === undefined) return;
  const { names } = lineage;
  lineages.set(list, { ...lineage, names: names && namesAfter(names, list, from) });
}

/** With more differences than this, a new table is created when a name is searched. */
const maxDifferences = 64;

/**
 * Returns the names of `list`, if it differs from `from`, which has `names`, in few places: by removals, replacements, additions at the
 * end.
 */
function namesAfter(names: NameTable, list: readonly Named[], from: readonly Named[]): NameTable | undefined {
  const shorter = Math.min(list.length, from.length);
  let start = 0;
  while (start < shorter && list[start] === from[start]) start++;
  let alikeAtEnd = 0;
  while (alikeAtEnd < shorter - start && list.at(-1 - alikeAtEnd) === from.at(-1 - alikeAtEnd)) alikeAtEnd++;
  const now = list.slice(start, list.length - alikeAtEnd).map(({ name }) => name);
  const before = from.slice(start, from.length - alikeAtEnd).map(({ name }) => name);
  if (now.length + before.length > maxDifferences) return undefined;
  const kept = before.filter((name) => now.includes(name));
  const added = now.slice(kept.length);
  if (kept.some((name, position) => now[position] !== name)) return undefined;
  if (added.length > 0 && alikeAtEnd > 0) return undefined;
  let after: NameTable | undefined = names;
  for (const name of before) if (!now.includes(name)) after = after?.without(name);
  for (const name of added) after = after?.with(name);
  return after;
}

/** Declares that `list` has a lasting cache (its encoding): lists made from it refer to it as their {@link originOf}. */
export function settle(list: readonly Named[]): void {
  lineages.set(list, { ...lineages.get(list), origin: list, spent: 0 });
}

/** Returns the nearest settled ancestor of `list`, or the list itself if it is settled. */
export function originOf(list: readonly Named[]): readonly unknown[] | undefined {
  return lineages.get(list)?.origin;
}

/** Returns what {@link spend} recorded for `list` and the lists between it and its origin. */
export function spentOn(list: readonly Named[]): number {
  return lineages.get(list)?.spent ?? 0;
}

/**
 * Records what `list` has cost, which would be less if it were settled. Lists that are made from it later inherit the sum; other
 * descendants of the origin do not, because each may belong to another client of the same process.
 */
export function spend(list: readonly Named[], cost: number): void {
  lineages.set(list, { ...lineages.get(list), spent: spentOn(list) + cost });
}
