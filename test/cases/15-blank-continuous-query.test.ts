import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { bundle } from '../support/bundle.js';

/** Against a hang only: the texts take seconds where the work grows with their length, and hours where it grows with its square. */
const timeout = 200_000;

it('R24: a text of 400,000 characters, in the metadata or from a server, costs work in proportion to its length', async () => {
  const program = await bundle(fileURLToPath(new URL('programs/long-texts.ts', import.meta.url)));
  const { stdout } = await promisify(execFile)(process.execPath, [program], { timeout });
  expect(stdout.trim().split('\n').at(-1)).toBe('addresses');
});
