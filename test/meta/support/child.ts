import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';
import { afterAll, beforeAll } from 'vitest';

export type Child = ChildProcessByStdio<null, Readable, null>;

/**
 * A program of this folder, bundled once for the suite around, for starting it from TypeScript would take longer than what it
 * does. Answers what starts it.
 */
export function childProgram(name: string): (...args: readonly string[]) => Child {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cflux-child-'));
    const entry = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
    await build({ entry: { [name]: entry }, outDir: folder, format: 'esm', config: false, silent: true });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return (...args) =>
    spawn(process.execPath, [join(folder, `${name}.js`), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      // So that a program with many stores is in the middle of writing all of them.
      env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
    });
}

/** Resolves to the first line that the child says. */
export async function firstLine(child: Child): Promise<string> {
  let said = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    said += String(chunk);
    if (said.includes('\n')) break;
  }
  return said.split('\n')[0] ?? '';
}

/** Kills the child, and resolves when it is gone. */
export async function kill(child: Child): Promise<void> {
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await gone;
}
