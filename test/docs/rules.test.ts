import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allMutants } from '../mutants/all-mutants.js';
import { root, textOf } from './markdown.js';
import { rulesOf, testFilesByRule, withLists } from './rules-page.js';

const page = textOf('docs/rules.md');
const rules = rulesOf(page);
const numbers = rules.map(({ number }) => number);

/** Rules that comments below `src` refer to. */
const inSources = readdirSync(join(root, 'src'), { recursive: true })
  .map(String)
  .filter((path) => path.endsWith('.ts'))
  .flatMap((path) => [...readFileSync(join(root, 'src', path), 'utf8').matchAll(/\bR\d+\b/g)].map(String));

describe('docs/rules.md', () => {
  it('states each rule once', () => {
    expect(numbers).toEqual([...new Set(numbers)]);
    expect(rules.filter(({ text }) => text.length < 100)).toEqual([]);
  });

  it('has every rule that a test title, a mutant or a comment names, and no other', () => {
    const named = [...testFilesByRule().keys(), ...[...allMutants.values()].map(({ rule }) => rule)];
    expect(new Set(named)).toEqual(new Set(numbers));
    expect(inSources.filter((number) => !numbers.includes(number))).toEqual([]);
  });

  it.each(rules)('$number is enforced in files that are there', ({ enforcedIn }) => {
    expect(enforcedIn).not.toEqual([]);
    expect(enforcedIn.filter((file) => !existsSync(join(root, 'src', file)))).toEqual([]);
  });

  it('lists the tests and the mutants of each rule as they are (`npm run rules` writes the lists)', () => {
    expect(page).toBe(withLists(page));
  });
});
