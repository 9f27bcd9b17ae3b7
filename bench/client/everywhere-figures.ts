import { setTimeout as pass } from 'node:timers/promises';
import { median } from '../measure.js';
import type { Figure } from '../report.js';
import { clientsOf } from './fan-out-figures.js';
import type { Setting } from './setting.js';

const rounds = 15;
/** Milliseconds after which a manager knows all nodes: a little more than their time to live. */
const grown = 16_000;
/** Milliseconds for every poll to arrive and be held. */
const held = 300;

/** From an acknowledged change until `waitForNodes` resolves, beside the time until the last node has the change. */
export async function everywhereFigures(setting: Setting): Promise<Figure[]> {
  const { writer, change, close } = await clientsOf(setting, 'everywhere');
  await pass(grown);
  const spread: number[] = [];
  const waits: number[] = [];
  for (let round = -3; round < rounds; round++) {
    await pass(held);
    const arrived = Math.max(...(await change()));
    await pass(held);
    const changed = change();
    await new Promise<void>((resolve) => writer.once('pushed', () => resolve()));
    const begin = performance.now();
    await writer.waitForNodes(writer.status.version);
    const waited = performance.now() - begin;
    await changed;
    if (round < 0) continue;
    spread.push(arrived);
    waits.push(waited);
  }
  await close();
  return [
    {
      name: `${setting.name}: from acknowledged to waitForNodes resolved, 100 nodes`,
      value: median(waits),
      unit: 'ms',
      floorName: 'until the last of them has the change',
      floor: median(spread),
      target: 1.5,
    },
  ];
}
