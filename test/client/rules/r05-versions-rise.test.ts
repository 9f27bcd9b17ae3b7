import { type CfluxOptions, encodeMetadata, isCfluxError } from 'clusterflux';
import { randomFaults, seededRandom } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';
import { Gate } from '../../../src/async/gate.js';
import type { PollResult, Transport } from '../../../src/transport/transport.js';
import { Lab, type LabNode, reasonOf } from './support/lab.js';
import { PlainManager } from './support/plain-manager.js';
import { deaf, wire } from './support/wire.js';
import {
  databaseNames,
  databasesOf,
  dataWith,
  inPlaceKind,
  numbered,
  wrappedKinds,
} from './support/wrapped-clients.js';

/** `inner`, where responses to held polls come only when the gate is open. */
function heldBack(inner: Transport, gate: Gate, seen: PollResult[] = []): Transport {
  return wire(inner, {
    poll: (send) => async (request, options) => {
      const answer = await send(request, options);
      if (request.wait === 0) return answer;
      seen.push(answer);
      await gate.wait();
      return answer;
    },
  });
}

function countWrites(node: LabNode): () => number {
  let writes = 0;
  const setData = node.meta.setData.bind(node.meta);
  node.meta.setData = (data) => {
    writes += 1;
    return setData(data);
  };
  return () => writes;
}

describe.each(wrappedKinds)('R5 around $name', (kind) => {
  it('R5: a poll response that is older than what was stored since its request is dropped', async () => {
    const lab = new Lab();
    const gate = new Gate();
    const late: PollResult[] = [];
    const ours = await lab.open({
      meta: kind.make(),
      manager: heldBack(lab.world.fake.transport, gate, late),
    });
    const other = await lab.open();
    gate.shut();
    await lab.run(other.client.createDatabase('a'));
    // The poll response is on its way; the push meets the same version sooner.
    await lab.run(ours.client.createDatabase('b'));
    const { version } = ours.client.status;
    expect(late).toMatchObject([{ kind: 'snapshot' }]);
    gate.open();
    await lab.clock.advance(100);
    expect(ours.client.status.version).toBe(version);
    expect(await databasesOf(ours.meta)).toEqual(['a', 'b']);
    expect(ours.heard('epochChanged')).toEqual([]);
    expect(ours.disk.backups).toEqual([]);
  });

  it('R5: a poll response of an epoch before the present one is dropped', async () => {
    const lab = new Lab();
    const gate = new Gate();
    const late: PollResult[] = [];
    const ours = await lab.open({
      meta: kind.make(),
      manager: heldBack(lab.world.fake.transport, gate, late),
    });
    const other = await lab.open();
    gate.shut();
    await lab.run(other.client.createDatabase('a'));
    expect(late).toHaveLength(1);
    await lab.world.wipeManager();
    await lab.run(ours.client.refresh());
    const { version, epoch } = ours.client.status;
    const changes = ours.heard('epochChanged').length;
    gate.open();
    await lab.clock.advance(100);
    expect(ours.client.status).toMatchObject({ version, epoch });
    expect(ours.heard('epochChanged')).toHaveLength(changes);
  });

  it('R5: a 409 with an older version than the base of the push is another history: backed up and reported, never silent', async () => {
    const lab = new Lab();
    let older: Awaited<ReturnType<Transport['poll']>> | undefined;
    const manager = wire(deaf(lab.world.fake.transport), {
      push: (send) => async (request, options) => {
        if (older?.kind !== 'snapshot') return send(request, options);
        const conflict = { ...older, kind: 'conflict' } as const;
        older = undefined;
        return conflict;
      },
    });
    const ours = await lab.open({ meta: kind.make(), manager });
    const first = await lab.world.fake.transport.poll({ cluster: 'lab', version: 0, wait: 0 });
    await lab.run(ours.client.createDatabase('a'));
    older = first;
    await lab.run(ours.client.createDatabase('b'));
    expect(ours.heard('epochChanged')).toMatchObject([{ seeded: false }]);
    expect(ours.disk.backups).toHaveLength(1);
    // The manager never had lost anything: its newest is taken up again, and the change made on it.
    expect(databaseNames(lab.newest)).toEqual(['a', 'b']);
  });

  it('R5: a push is not believed to be stored as a version that is not above the one it was made on', async () => {
    const lab = new Lab();
    let lies = false;
    const manager = wire(lab.world.fake.transport, {
      push: (send) => async (request, options) => {
        const result = await send(request, options);
        return lies && result.kind === 'committed' ? { ...result, version: request.version } : result;
      },
    });
    const ours = await lab.open({ meta: kind.make(), manager });
    lies = true;
    const error = await lab.run(reasonOf(ours.client.createDatabase('a')));
    expect(isCfluxError(error, 'UNKNOWN_OUTCOME'), String(error)).toBe(true);
    await lab.settle([ours]);
    expect(await databasesOf(ours.meta)).toEqual(['a']);
  });
});

describe('R5', () => {
  it('R5: within an epoch the version of a node only increases, even if responses are reordered', async () => {
    const lab = new Lab(7);
    const random = seededRandom(7);
    const nodes: LabNode[] = [];
    for (const kind of wrappedKinds) nodes.push(await lab.open({ meta: kind.make() }));
    const delays = randomFaults(random, { maxDelay: 400, duplicate: 0.2 });
    for (const node of nodes)
      for (let i = 0; i < 200; i++) {
        node.network.failNext('poll', delays('poll'));
        node.network.failNext('push', delays('push'));
      }
    const changes = Array.from({ length: 60 }, async (_, i) => {
      await lab.clock.advance(0);
      return nodes[i % nodes.length]?.client.mutate(numbered(`n${i}`));
    });
    await lab.run(Promise.all(changes));
    await lab.settle(nodes);
    for (const node of nodes) {
      const steps = [...node.events].filter(({ name }) => name === 'synced' || name === 'pushed');
      expect(steps.length).toBeGreaterThan(5);
      for (const { payload } of steps) {
        const { version, previousVersion } = payload as { version: number; previousVersion: number };
        expect(version).toBeGreaterThan(previousVersion);
      }
      expect(node.heard('epochChanged')).toEqual([]);
      expect(await databasesOf(node.meta)).toHaveLength(60);
    }
  });

  it.each([{ pollWait: 300_000 }, { pollWait: 2_000 }] satisfies CfluxOptions[])(
    'R5: with a legacy manager a node’s own push is not applied once more when its own poll brings it (%o)',
    async (options) => {
      const lab = new Lab();
      const manager = new PlainManager(lab.clock);
      const ours = await lab.open({ meta: inPlaceKind.make(await dataWith(1n, 'a')), manager, ...options });
      const writes = countWrites(ours);
      for (const name of ['b', 'c', 'd']) await lab.run(ours.client.createDatabase(name));
      await lab.clock.advance(10_000);
      expect(writes()).toBe(0);
      expect(ours.heard('synced')).toHaveLength(1);
      expect(manager.latest?.snapshot).toEqual(encodeMetadata(await ours.meta.data()));
    },
  );
});
