import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const tests = fileURLToPath(new URL('..', import.meta.url));

/** The numbers of failure modes that titles of tests begin with. */
function modesTested(): Set<number> {
  const modes = new Set<number>();
  for (const name of readdirSync(tests, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.test.ts')) continue;
    const text = readFileSync(join(tests, name), 'utf8');
    for (const [, mode] of text.matchAll(/['"`]#(\d+) /g)) modes.add(Number(mode));
  }
  return modes;
}

it('each of the twenty failure modes is provoked by a test that names it, and is in the table', () => {
  const all = Array.from({ length: 20 }, (_, at) => at + 1);
  expect([...modesTested()].sort((a, b) => a - b)).toEqual(all);
  const table = readFileSync(join(tests, 'RELIABILITY.md'), 'utf8');
  const rows = [...table.matchAll(/^\| (\d+) \| /gm)].map(([, mode]) => Number(mode));
  expect(rows).toEqual(expect.arrayContaining(all));
});
