import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../../src/testing/seeded-random.js';
import type { Step } from './schedule.js';

/** Carries out a schedule; resolves when every fault of it is healed. */
export async function carryOut(steps: readonly Step[]): Promise<void> {
  const begun = performance.now();
  const until = (seconds: number) => sleep(Math.max(seconds * 1000 - (performance.now() - begun), 0));
  await Promise.all(
    steps.map(async ({ at, until: end, target, seed }) => {
      await until(at);
      const heal = await target.strike(seededRandom(seed));
      await until(end);
      await heal();
    }),
  );
}
