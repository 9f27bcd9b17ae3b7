import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const config = fileURLToPath(new URL('vitest.config.ts', import.meta.url));
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));

/** A test that takes longer than this waits for something that never comes; milliseconds. */
const patience = 240_000;

export interface TestRun {
  readonly passed: number;
  /** Titles of the tests that failed. */
  readonly failed: readonly string[];
  /** It had to be ended. */
  readonly hung: boolean;
  /** The output of vitest if it could not run the tests at all. */
  readonly output: string;
}

/** Runs the tests of `files` that name `rule`, with the sources changed by `mutant`. */
export async function runTests(rule: string, files: readonly string[], mutant?: string): Promise<TestRun> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-mutant-'));
  const report = join(dir, 'report.json');
  const paths = files.map((file) => `test/${file}`);
  const args = [
    'run',
    '--config',
    config,
    '-t',
    `\\b${rule}\\b`,
    '--reporter=json',
    `--outputFile=${report}`,
  ];
  const env = { ...process.env, ...(mutant === undefined ? {} : { MUTANT: mutant }) };
  // A group of its own, so that a test that hangs is ended with all that it started.
  const child = spawn(process.execPath, [vitest, ...args, ...paths], { env, detached: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
  let hung = false;
  const guard = setTimeout(() => {
    hung = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, patience);
  try {
    await once(child, 'close');
    return { ...(await readReport(report)), hung, output };
  } finally {
    clearTimeout(guard);
    await rm(dir, { recursive: true, force: true });
  }
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

async function readReport(path: string): Promise<Pick<TestRun, 'passed' | 'failed'>> {
  const text = await readFile(path, 'utf8').catch(() => '{"testResults":[]}');
  const { testResults }: Report = JSON.parse(text);
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  return {
    passed: results.filter(({ status }) => status === 'passed').length,
    failed: results.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
  };
}
