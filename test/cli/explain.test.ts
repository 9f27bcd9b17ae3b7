import { describe, expect, it } from 'vitest';
import { errorHelp } from '../../src/cli/error-help.js';
import { cflux } from '../support/fake-terminal.js';
import { serve } from '../support/serve.js';

describe('cflux explain', () => {
  it.each(Object.entries(errorHelp))('%s: prints what it means, and what to do', async (code, help) => {
    const { code: exit, out, err } = await cflux(['explain', code.toLowerCase()]);
    expect({ exit, err }).toEqual({ exit: 0, err: '' });
    expect(out.split('\n')).toEqual([code, `  ${help.means}`, `  What to do: ${help.remedy}`]);
  });

  it('lists every code, once', async () => {
    const { out } = await cflux(['explain']);
    const listed = out.split('\n').filter((line) => line.startsWith('  '));
    expect(listed.map((line) => line.trim()).sort()).toEqual(Object.keys(errorHelp).sort());
  });

  it.each([
    ['UNKNOWN_OUTCOM', 'did you mean UNKNOWN_OUTCOME?'],
    ['constructor', '`cflux explain` lists all error codes'],
  ])('unknown code %s: fails and names the known ones', async (code, hint) => {
    const { code: exit, err } = await cflux(['explain', code]);
    expect(exit).toBe(2);
    expect(err).toBe(`cflux: unknown error code ${code.toUpperCase()}: ${hint}`);
  });
});

describe('a command that fails', () => {
  it('names the code of its error, for cflux explain', async () => {
    const { url } = await serve();
    const { err } = await cflux(['show', 'nowhere', '--endpoint', url]);
    expect(err.split('\n')).toEqual([
      expect.stringMatching(/^cflux: /),
      '(`cflux explain CLUSTER_NOT_FOUND` explains it)',
    ]);
  });

  it('names no code if the message contains everything', async () => {
    const { err } = await cflux(['explain', 'x'.repeat(40)]);
    expect(err).not.toContain('explains it');
  });
});
