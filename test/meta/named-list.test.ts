import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  append,
  descend,
  findByName,
  mapList,
  type Named,
  positionOf,
  removeAt,
  replaceAt,
} from '../../src/meta/named-list.js';

const named = (name: string): Named => ({ name });
const list = (length: number): readonly Named[] => Array.from({ length }, (_, i) => named(`n${i}`));

/** Every name, and some that are not there, must be found where a search finds them. */
function check(items: readonly Named[]): void {
  const wrong = [...items, named('n0'), named('n1'), named('nowhere')].filter(({ name }) => {
    const position = items.findIndex((item) => item.name === name);
    return positionOf(items, name) !== position || findByName(items, name) !== items[position];
  });
  expect(wrong).toEqual([]);
}

const step = fc.record({
  what: fc.constantFrom('append', 'remove', 'replace', 'rename', 'map', 'copy'),
  where: fc.nat(),
});

function applyStep(
  items: readonly Named[],
  { what, where }: { what: string; where: number },
): readonly Named[] {
  const position = where % Math.max(items.length, 1);
  if (what === 'append' || items.length === 0) return append(items, named(`n${where % 300}`));
  if (what === 'remove') return removeAt(items, position);
  if (what === 'replace') return replaceAt(items, position, { ...(items[position] ?? named('')) });
  if (what === 'rename') return replaceAt(items, position, named(`n${where % 300}`));
  if (what === 'map') return mapList(items, (item) => (item === items[position] ? { ...item } : item));
  const copy = items.toSpliced(position, where % 3, ...(where % 2 === 0 ? [named(`x${where}`)] : []));
  descend(copy, items);
  return copy;
}

describe('lists of records with names', () => {
  it('find the first of a name, through any changes, in every version', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.array(step, { maxLength: 60 }), (length, steps) => {
        const versions = [list(length)];
        for (const next of steps) {
          // Half of the time from an older version: as forks do.
          const base = versions[next.where % 2 === 0 ? versions.length - 1 : next.where % versions.length];
          versions.push(applyStep(base ?? [], next));
          check(versions.at(-1) ?? []);
        }
        for (const version of versions) check(version);
      }),
      { numRuns: 200 },
    );
  });

  it('find names after thousands of removals and additions', () => {
    let items = list(3000);
    positionOf(items, 'n0');
    for (let i = 0; i < 2500; i++) {
      items = removeAt(items, (i * 7) % items.length);
      if (i % 2 === 0) items = append(items, named(`more${i}`));
    }
    check(items);
  });

  it('stay the same object if nothing changes', () => {
    const items = list(100);
    expect(mapList(items, (item) => item)).toBe(items);
  });
});
