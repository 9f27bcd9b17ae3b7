import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../test/support/bundle.js';
import type { Figure } from '../report.js';
import type { Setting } from './setting.js';

/**
 * Figures of changes, from a process of its own that runs the library as it is published: plain JavaScript, for the loader that runs
 * TypeScript makes closures dearer.
 */
export async function measuredChanges({ options }: Setting): Promise<Figure[]> {
  const program = await bundle(fileURLToPath(new URL('./change-process.ts', import.meta.url)));
  const child = fork(program, [String(options.endpoint ?? 'local')]);
  const ended = once(child, 'exit');
  const [figures] = await Promise.race([
    once(child, 'message'),
    ended.then(([code]) => {
      throw new Error(`the process that measures changes ended with ${code}`);
    }),
  ]);
  await ended;
  return figures;
}
