import { everywhereFigures } from './client/everywhere-figures.js';
import { fanOutFigures } from './client/fan-out-figures.js';
import { idleFigures } from './client/idle-figures.js';
import { measuredChanges } from './client/measured-changes.js';
import { httpSetting, localSetting } from './client/setting.js';
import type { Figure } from './report.js';

/** CfluxClient with manager and wire: changes, fan-out, idle fleets. */
export async function run(): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const open of [localSetting, httpSetting]) {
    const setting = await open();
    try {
      figures.push(...(await measuredChanges(setting)), ...(await fanOutFigures(setting)));
      // In one process the nodes have the change before it is acknowledged.
      if (open === httpSetting) figures.push(...(await everywhereFigures(setting)));
    } finally {
      await setting.close();
    }
  }
  return [...figures, ...(await idleFigures())];
}
