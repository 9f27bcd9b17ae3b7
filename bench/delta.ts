import { crowdFigures } from './delta/crowd-figures.js';
import { fleetFigures } from './delta/fleet-figures.js';
import { pureFigures } from './delta/pure-figures.js';
import { wireFigures } from './delta/wire-figures.js';
import type { Figure } from './report.js';

/** Deltas: made, written, read, applied, composed and adopted; on the wire; and to thousands of held polls. */
export async function run(): Promise<Figure[]> {
  return [
    ...(await pureFigures()),
    ...(await wireFigures()),
    ...(await crowdFigures()),
    ...(await fleetFigures()),
  ];
}
