import { pureFigures } from './delta/pure-figures.js';
import type { Figure } from './report.js';

/** Deltas: made, written, read, applied, composed and adopted. */
export async function run(): Promise<Figure[]> {
  return [...(await pureFigures())];
}
