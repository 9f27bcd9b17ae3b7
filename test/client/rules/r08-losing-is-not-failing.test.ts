import { encodeMetadata } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import type { Transport } from '../../../src/transport/transport.js';
import { Lab, reasonOf } from './support/lab.js';
import { PlainManager } from './support/plain-manager.js';
import { deaf, wire } from './support/wire.js';
import {
  databaseNames,
  databasesOf,
  dataWith,
  forkingKind,
  numbered,
  wrappedKinds,
} from './support/wrapped-clients.js';

/** A manager at which another node is always first, `times` times. */
function contested(lab: Lab, inner: Transport, times: { left: number }): Transport {
  let number = 0;
  return wire(deaf(inner), {
    push: (send) => async (request, options) => {
      if (request.version === 0 || times.left === 0) return send(request, options);
      times.left -= 1;
      const snapshot = encodeMetadata(await dataWith(1n, 'before', `theirs ${++number}`));
      await send({ ...request, snapshot, mutation: `theirs-${number}`, nodeId: 999 });
      await lab.clock.settle();
      return send(request, options);
    },
  });
}

const managers = ['ours', 'one of 2016'];
const cases = wrappedKinds.flatMap((kind) => managers.map((manager) => ({ kind, manager, name: kind.name })));

describe.each(cases)('R8 around $name, with a manager of $manager', ({ kind, manager }) => {
  async function begin(left: number) {
    const lab = new Lab();
    const times = { left: 0 };
    const inner = manager === 'ours' ? lab.world.fake.transport : new PlainManager(lab.clock);
    const meta = kind.make(await dataWith(1n, 'before'));
    const ours = await lab.open({ meta, manager: contested(lab, inner, times) });
    times.left = left;
    return { lab, ours, times };
  }

  it('R8: losing to other nodes twelve times is not failing', async () => {
    const { lab, ours } = await begin(12);
    await lab.run(ours.client.mutate(numbered('a')));
    expect(ours.heard('conflict')).toHaveLength(12);
    expect(ours.heard('pushed').at(-1)).toMatchObject({ rounds: 13 });
    expect(await databasesOf(ours.meta)).toEqual(['before', 'theirs 12', 'a#2']);
  });

  it('R8: the attempts of one request are counted apart from conflicts', async () => {
    const { lab, ours } = await begin(4);
    // Four lost or refused attempts in every round, more than any request may have altogether.
    const refuse = () => {
      for (let i = 0; i < 4; i++) ours.network.failNext('push', { refuse: true });
    };
    refuse();
    ours.client.on('conflict', refuse);
    await lab.run(ours.client.mutate(numbered('a')));
    expect(ours.heard('conflict')).toHaveLength(4);
    expect(ours.network.calls.push).toBeGreaterThan(20);
  });

  it('R8: starvation ends at the deadline in a typed error, and nothing was made', async () => {
    const { lab, ours, times } = await begin(Number.POSITIVE_INFINITY);
    const patient = ours.client.mutate(numbered('a'), { timeout: 3_000 });
    const hasty = ours.client.mutate(numbered('b'), { timeout: 1_000 });
    const begun = lab.clock.monotonic();
    const notified = await lab.run(
      Promise.all(
        [patient, hasty].map(async (change) => ({
          error: await reasonOf(change),
          at: lab.clock.monotonic(),
        })),
      ),
    );
    for (const [i, deadline] of [3_000, 1_000].entries()) {
      // If it comes while a push is on the wire, no more is known.
      expect(notified[i]?.error).toMatchObject({
        code: expect.stringMatching(/^(CONFLICT_TIMEOUT|UNKNOWN_OUTCOME)$/),
      });
      expect((notified[i]?.at ?? 0) - begun).toBeGreaterThanOrEqual(deadline - 20);
      expect((notified[i]?.at ?? 0) - begun).toBeLessThan(deadline + 500);
    }
    expect((await databasesOf(ours.meta)).filter((name) => /^[ab]#/.test(name))).toEqual([]);
    times.left = 0;
    await lab.run(ours.client.mutate(numbered('c')));
  });
});

describe('R8', () => {
  it('R8: a node that could not store what it was shown does not push again from what it has', async () => {
    const lab = new Lab();
    const [sick, other] = [await lab.open(), await lab.open()];
    await lab.run(sick.client.createDatabase('a'));
    await lab.settle([other]);
    sick.disk.beforeWrite = () => {
      throw new Error('no space left on device');
    };
    await lab.run(other.client.createDatabase('b'));
    for (let tries = 0; tries < 10; tries++) {
      const error = await lab.run(reasonOf(sick.client.createDatabase('never')));
      expect(error).toMatchObject({ message: expect.stringContaining('no space left on device') });
    }
    expect(sick.heard('conflict').length).toBeLessThanOrEqual(1);
    sick.disk.beforeWrite = () => {};
    await lab.run(sick.client.createDatabase('c'));
    expect(databaseNames(lab.newest)).toEqual(['a', 'b', 'c']);
  });

  it('R8: starvation ends after 30 s by default, without a storm of requests', async () => {
    const lab = new Lab();
    const times = { left: Number.POSITIVE_INFINITY };
    const manager = contested(lab, new PlainManager(lab.clock), times);
    const ours = await lab.open({ meta: forkingKind.make(await dataWith(1n, 'before')), manager });
    const begun = lab.clock.monotonic();
    const error = await lab.run(reasonOf(ours.client.mutate(numbered('a'))));
    expect(error).toMatchObject({ code: 'CONFLICT_TIMEOUT', retryable: true, outcome: 'notApplied' });
    expect(lab.clock.monotonic() - begun).toBeGreaterThanOrEqual(30_000);
    expect(lab.clock.monotonic() - begun).toBeLessThan(30_500);
    expect(ours.heard('conflict').length).toBeLessThan(600);
  });

  it('R8: of twenty nodes that write at once, each ten changes, all get theirs made, and none loses often', async () => {
    const lab = new Lab();
    const nodes = [];
    for (let i = 0; i < 20; i++) nodes.push(await lab.open());
    const changes = nodes.flatMap(({ client }, i) =>
      Array.from({ length: 10 }, (_, j) => client.mutate(numbered(`n${i}.${j}`))),
    );
    await lab.run(Promise.all(changes));
    expect(databaseNames(lab.newest)).toHaveLength(200);
    const losses = nodes.map((node) => node.heard('conflict').length);
    expect(Math.max(...losses)).toBeLessThanOrEqual(3);
  });
});
