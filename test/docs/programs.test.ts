import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const { scripts }: { scripts: Record<string, string> } = JSON.parse(
  readFileSync(new URL('package.json', root), 'utf8'),
);

/** The programs of `npm run` that take arguments, by their names. */
const programs = new Map(
  Object.entries(scripts).flatMap(([name, command]) => {
    const [, file] = /^tsx (\S+)$/.exec(command) ?? [];
    if (file === undefined) return [];
    return readFileSync(new URL(file, root), 'utf8').includes('readArguments(')
      ? [[name, file] as const]
      : [];
  }),
);

/** Calls a program as npm does, with one argument. */
function call(name: string, argument: string): Promise<{ readonly code: unknown; readonly stderr: string }> {
  const file = programs.get(name) ?? expect.fail(`${name} takes no arguments`);
  const args = ['--import', 'tsx', file, argument];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: fileURLToPath(root) }, (error, _stdout, stderr) =>
      resolve({ code: error?.code, stderr }),
    );
  });
}

describe.concurrent('a program of this project', () => {
  it.each([
    ...['api', 'bench', 'chaos', 'mutants', 'nightly', 'site', 'soak', 'soak:gateway', 'trial', 'tutorials'],
  ])('%s refuses an option that it does not have, and prints those that it has', async (name) => {
    const { code, stderr } = await call(name, '--no-such-option');
    expect(stderr).toContain("'--no-such-option'");
    expect(stderr).toContain(`npm run ${name}`);
    expect(code).toBe(2);
  });

  it.each(['bench', 'mutants', 'nightly', 'trial', 'tutorials'])(
    '%s refuses a name that means nothing',
    async (name) => {
      const { code, stderr } = await call(name, 'no-such-name');
      expect(stderr).toMatch(/^no such .*: no-such-name\n/);
      expect(code).toBe(2);
    },
  );
});
