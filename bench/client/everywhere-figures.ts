import { setTimeout as pass } from 'node:timers/promises';
import { median } from '../measure.js';
import type { Figure } from '../report.js';
import { clientsOf } from './fan-out-figures.js';
import type { Setting } from './setting.js';

const rounds = 15;
const nodes = 100;
/** Milliseconds for every poll to arrive and be held. */
const held = 300;
/** Milliseconds. On a busy machine a hundred nodes in one process need longer than the default of `waitForNodes`. */
const patience = 300_000;

/** From an acknowledged change until `waitForNodes` resolves, beside the time until the last node has the change. */
export async function everywhereFigures(setting: Setting, count = nodes): Promise<Figure[]> {
  const { writer, change, close } = await clientsOf(setting, { cluster: 'everywhere', count });
  const waitForAll = (version: number) => writer.waitForNodes(version, { timeout: patience });
  const spread: number[] = [];
  const waits: number[] = [];
  // A manager that has just started knows all nodes only after their time to live.
  await waitForAll(writer.status.version);
  for (let round = -3; round < rounds; round++) {
    await pass(held);
    const arrived = Math.max(...(await change()));
    await waitForAll(writer.status.version);
    await pass(held);
    const pushed = new Promise<number>((resolve) => writer.once('pushed', ({ version }) => resolve(version)));
    const changed = change();
    const version = await pushed;
    const begin = performance.now();
    await waitForAll(version);
    const waited = performance.now() - begin;
    await changed;
    if (round < 0) continue;
    spread.push(arrived);
    waits.push(waited);
  }
  await close();
  return [
    {
      name: `${setting.name}: from acknowledged to waitForNodes resolved, ${count} nodes`,
      value: median(waits),
      unit: 'ms',
      floorName: 'until the last of them has the change',
      floor: median(spread),
      target: 1.5,
    },
  ];
}
