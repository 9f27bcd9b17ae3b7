import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { allMutants } from './all-mutants.js';
import { mutate } from './mutant.js';

const pathOf = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const rules = [
  ...Array.from({ length: 14 }, (_, i) => `R${i + 1}`),
  ...Array.from({ length: 8 }, (_, i) => `R${i + 20}`),
  'R34',
  'R35',
];

describe('mutants (`npm run mutants` runs them)', () => {
  it.each(rules)('%s has one at least', (rule) => {
    expect([...allMutants.values()].filter((mutant) => mutant.rule === rule)).not.toEqual([]);
  });

  it.each([...allMutants])('%s fits the code as it is', (_, mutant) => {
    const source = readFileSync(pathOf(`src/${mutant.file}`), 'utf8');
    const changed = mutate(source, mutant);
    expect(changed).not.toBe(source);
    const { diagnostics } = ts.transpileModule(changed, { reportDiagnostics: true });
    expect(diagnostics, 'it is still TypeScript').toEqual([]);
    for (const file of mutant.tests) expect(existsSync(pathOf(`test/${file}`)), file).toBe(true);
  });
});
