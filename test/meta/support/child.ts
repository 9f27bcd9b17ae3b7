import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { beforeAll } from 'vitest';
import { bundle } from '../../support/bundle.js';

export type Child = ChildProcessByStdio<null, Readable, null>;

/** What starts a program of this folder, which is bundled once for the suite around. */
export function childProgram(name: string): (...args: readonly string[]) => Child {
  let program = '';
  beforeAll(async () => {
    program = await bundle(fileURLToPath(new URL(`${name}.ts`, import.meta.url)));
  });
  return (...args) =>
    spawn(process.execPath, [program, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      // So that a program with many stores is in the middle of writing all of them.
      env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
    });
}

/** Resolves with the first line that the child prints. */
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
