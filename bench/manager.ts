import { contentionFigures } from './manager/contention-figures.js';
import { fanOutFigures } from './manager/fan-out-figures.js';
import { heartbeatFigures } from './manager/heartbeat-figures.js';
import { listingFigures } from './manager/listing-figures.js';
import { pushFigures } from './manager/push-figures.js';
import type { Figure } from './report.js';

/** The manager: servers in processes of their own, the load in this one. */
export async function run(): Promise<Figure[]> {
  return [
    ...(await heartbeatFigures()),
    ...(await fanOutFigures()),
    ...(await pushFigures()),
    ...(await contentionFigures()),
    ...(await listingFigures()),
  ];
}
