import { printable } from '../printable.js';
import { partLines } from './metadata-text.js';
import type { MetadataTree } from './metadata-tree.js';

/** An item that exists in only one of two metadata, or differs. */
export type Difference =
  | { readonly kind: 'added' | 'removed'; readonly path: readonly string[]; readonly part: MetadataTree }
  | {
      readonly kind: 'changed';
      readonly path: readonly string[];
      readonly property: string;
      /** Absent if it did not exist, or is secret. */
      readonly from?: string | undefined;
      readonly to?: string | undefined;
    };

/** Returns the changes from `before` to `after`, outer items first. */
export function differences(
  before: MetadataTree,
  after: MetadataTree,
  path: readonly string[] = [],
): Difference[] {
  const found: Difference[] = [];
  for (const property of new Set([...before.properties.keys(), ...after.properties.keys()])) {
    const [from, to] = [before.properties.get(property), after.properties.get(property)];
    if (from !== to) found.push({ kind: 'changed', path, property, from, to });
  }
  for (const [property, secret] of after.secrets ?? []) {
    if (before.secrets?.get(property) !== secret) found.push({ kind: 'changed', path, property });
  }
  const [old, now] = [byLabel(before.parts), byLabel(after.parts)];
  for (const [label, part] of old) {
    const same = now.get(label);
    if (same === undefined) found.push({ kind: 'removed', path, part });
    else if (same !== part) found.push(...differences(part, same, [...path, label]));
  }
  for (const [label, part] of now) if (!old.has(label)) found.push({ kind: 'added', path, part });
  return found;
}

/** Formats differences as text: `+` added, `-` removed, `~` changed. */
export function differenceLines(found: readonly Difference[]): string[] {
  return found.flatMap((difference) => {
    const place = printable(difference.path.join(' / '));
    const prefix = place === '' ? '' : `${place} / `;
    if (difference.kind === 'changed') {
      const { property, from, to } = difference;
      if (from === undefined && to === undefined) return [`~ ${prefix}${printable(property)}: changed`];
      return [`~ ${prefix}${printable(`${property}: ${from ?? 'nothing'} → ${to ?? 'nothing'}`)}`];
    }
    const sign = difference.kind === 'added' ? '+' : '-';
    const [first = '', ...rest] = partLines(difference.part, '');
    return [`${sign} ${prefix}${first}`, ...rest.map((line) => `${sign}   ${line}`)];
  });
}

const byLabel = (parts: readonly MetadataTree[]): ReadonlyMap<string, MetadataTree> =>
  new Map(parts.map((part) => [part.label, part]));
