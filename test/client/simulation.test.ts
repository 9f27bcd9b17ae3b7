import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  checkConvergence,
  checkHistory,
  checkIds,
  checkNothingLeft,
  checkOrders,
  checkProgress,
  checkRecords,
  checkSameBytes,
  checkSettled,
  checkTruth,
  checkVersionsRise,
  checkWait,
  entriesInBackups,
} from './world/checks.js';
import {
  type Command,
  eventfulLife,
  lifeWithLosses,
  lifeWithRestoredDisks,
  lifeWithRollbacks,
} from './world/commands.js';
import { Scenario } from './world/scenario.js';

/** More of them: `SIMULATIONS=20000 npx vitest run test/client/simulation`. A failing one prints its seed, its path and its commands. */
const runs = Number(process.env['SIMULATIONS'] ?? 60);

async function live(seed: number, commands: readonly Command[]): Promise<Scenario> {
  const scenario = new Scenario(seed);
  await scenario.begin();
  for (const command of commands) await scenario.run(command);
  await scenario.mend();
  return scenario;
}

describe('R1–R14, R29, R36 in a simulated world', () => {
  it('hold whatever happens to nodes, networks and clocks', { timeout: 600_000 }, async () => {
    const property = fc.asyncProperty(fc.integer(), eventfulLife, async (seed, commands) => {
      const scenario = await live(seed, commands);
      checkHistory(scenario.world);
      checkVersionsRise(scenario.world);
      checkTruth(scenario);
      await checkOrders(scenario);
      await checkConvergence(scenario.world);
      checkRecords(scenario.world);
      await checkSameBytes(scenario.world);
      await checkNothingLeft(scenario.world);
    });
    await fc.assert(property, { numRuns: runs });
  });

  it('R25, R29: an operator rolls back, and proxies tamper with deltas: all nodes end with the same bytes', {
    timeout: 600_000,
  }, async () => {
    const property = fc.asyncProperty(fc.integer(), lifeWithRollbacks, async (seed, commands) => {
      const scenario = await live(seed, commands);
      checkVersionsRise(scenario.world);
      // A rollback takes back what was acknowledged.
      checkTruth(scenario, new Set(scenario.notified.keys()));
      await checkConvergence(scenario.world);
      checkRecords(scenario.world);
      await checkSameBytes(scenario.world);
      await checkNothingLeft(scenario.world);
    });
    await fc.assert(property, { numRuns: Math.ceil(runs / 4) });
  });

  it('R28: progress is true, and so is what a wait says, whatever happens', {
    timeout: 600_000,
  }, async () => {
    const property = fc.asyncProperty(fc.integer(), lifeWithRestoredDisks, async (seed, commands) => {
      const scenario = new Scenario(seed);
      const { world } = scenario;
      await scenario.begin();
      for (const command of commands) {
        await scenario.run(command);
        await checkProgress(world);
        await checkWait(world);
      }
      await scenario.mend();
      await checkProgress(world);
      await checkWait(world);
      checkSettled(world);
      checkIds(world);
      await checkSameBytes(world);
      await checkNothingLeft(world);
    });
    await fc.assert(property, { numRuns: Math.ceil(runs / 4) });
  });

  it('R5, R11: a manager that falsely reports lost data moves no version and changes no history', async () => {
    const scenario = await live(0, [
      { do: 'lie', node: 0, call: 'poll', lie: 'lost everything' },
      { do: 'fail', node: 0 },
      { do: 'append', node: 0, times: 1 },
    ]);
    checkVersionsRise(scenario.world);
    for (const { heard } of scenario.world.nodes) expect(heard('epochChanged')).toEqual([]);
    await checkConvergence(scenario.world);
    await checkNothingLeft(scenario.world);
  });

  it('R8, R26: beside sick neighbours changes are made all the same', async () => {
    const sick = [true, true, false, true].map((isNode) => ({ do: 'sicken', isNode }) as const);
    const changes = [0, 1, 2].map((node) => ({ do: 'append', node, times: 4 }) as const);
    const scenario = new Scenario(0);
    await scenario.begin();
    for (const command of [...sick, ...changes]) await scenario.run(command);
    for (let second = 0; second < 5; second++) {
      await scenario.run({ do: 'pass', ms: 1_000 });
      for (const command of changes) await scenario.run(command);
    }
    await scenario.run({ do: 'pass', ms: 5_000 });
    expect(new Set(scenario.notified.values())).toEqual(new Set(['done']));
    await scenario.mend();
    checkHistory(scenario.world);
    await checkConvergence(scenario.world);
    await checkNothingLeft(scenario.world);
  });

  it('lose nothing unseen when the manager loses everything', { timeout: 600_000 }, async () => {
    const property = fc.asyncProperty(fc.integer(), lifeWithLosses, async (seed, commands) => {
      const scenario = await live(seed, commands);
      checkHistory(scenario.world);
      checkTruth(scenario, entriesInBackups(scenario.world));
      await checkOrders(scenario);
      checkSettled(scenario.world);
      await checkNothingLeft(scenario.world);
    });
    await fc.assert(property, { numRuns: runs });
  });
});
