import { argumentFigures } from './meta/argument-figures.js';
import { codecFigures } from './meta/codec-figures.js';
import { commitFigures } from './meta/commit-figures.js';
import { heapFigure } from './meta/heap-figure.js';
import { loginFigures } from './meta/login-figures.js';
import { operationFigures } from './meta/operation-figures.js';
import type { Figure } from './report.js';

/** The metadata core: operations, codec, commits to disk. */
export async function run(): Promise<Figure[]> {
  return [
    // First, while there is nothing else in the heap.
    await heapFigure(),
    ...(await codecFigures()),
    ...(await operationFigures()),
    ...(await argumentFigures()),
    ...(await commitFigures()),
    ...(await loginFigures()),
  ];
}
