import { type Difference, differences } from '../../meta/metadata-differences.js';
import { metadataTree } from '../../meta/metadata-tree.js';
import type { MetaData } from '../../meta/records.js';
import type { ChangeSummary } from './messages.js';

/** The differences of two versions. What they share is not compared: versions of ten thousand databases differ in few. */
export function differencesOf(before: MetaData, after: MetaData): readonly Difference[] {
  const [old, now] = [withoutShared(before, after), withoutShared(after, before)];
  return differences(metadataTree(old), metadataTree(now));
}

function withoutShared(data: MetaData, other: MetaData): MetaData {
  const [databases, users] = [new Set(other.databases), new Set(other.users)];
  return {
    ...data,
    databases: data.databases.filter((each) => !databases.has(each)),
    users: data.users.filter((each) => !users.has(each)),
  };
}

const signs = { added: '+', removed: '-', changed: '~' } as const;

/** Counts differences by what they are about: `+3 databases`, `~1 user`. */
export function summaryOf(found: readonly Difference[]): ChangeSummary {
  const places = new Map<string, Set<string>>();
  for (const difference of found) {
    const label = difference.kind === 'changed' ? difference.path.at(-1) : difference.part.label;
    // The counters of the whole metadata rise with every shard group.
    if (label === undefined) continue;
    const key = `${signs[difference.kind]} ${kindOf(label)}`;
    const place = JSON.stringify([...difference.path, difference.kind === 'changed' ? '' : label]);
    places.set(key, (places.get(key) ?? new Set()).add(place));
  }
  if (places.size === 0) return found.length === 0 ? [] : ['counters'];
  return [...places].map(([key, { size }]) => {
    const [sign = '', ...kind] = key.split(' ');
    return `${sign}${size} ${size === 1 ? kind.join(' ') : plural(kind.join(' '))}`;
  });
}

/** `retention policy` of `retention policy "raw"`. */
const kindOf = (label: string): string => label.replace(/ (?:".*|\d+)$/s, '');

const plural = (kind: string): string => (kind.endsWith('y') ? `${kind.slice(0, -1)}ies` : `${kind}s`);

/** The databases and retention policies that go. */
export function droppedBy(found: readonly Difference[]): readonly string[] {
  return found.flatMap((difference) => {
    if (difference.kind !== 'removed') return [];
    const { label } = difference.part;
    return ['database', 'retention policy'].includes(kindOf(label))
      ? [[...difference.path, label].join(' / ')]
      : [];
  });
}
