import { describe, expect, it } from 'vitest';
import type { Transport } from '../../../src/transport/transport.js';
import { Lab } from './support/lab.js';
import { PlainManager } from './support/plain-manager.js';
import { wire } from './support/wire.js';
import { databasesOf, wrappedKinds } from './support/wrapped-clients.js';

/** Notes each poll and push, in order. */
const noting = (inner: Transport, calls: string[]) =>
  wire(inner, {
    poll: (send) => (request, options) => {
      calls.push('poll');
      return send(request, options);
    },
    push: (send) => (request, options) => {
      calls.push('push');
      return send(request, options);
    },
  });

describe('R10', () => {
  it('R10: an unknown id at a heartbeat means one registration, however many beats and registrations fail', async () => {
    const lab = new Lab();
    const ours = await lab.open();
    const { transport, manager } = lab.world.fake;
    const { nodeId } = ours.client.status;
    await transport.deregister({ cluster: 'lab', nodeId: nodeId ?? 0 });
    for (let i = 0; i < 10; i++) ours.network.failNext('heartbeat', { refuse: true });
    for (let i = 0; i < 12; i++) ours.network.failNext('register', { refuse: true });
    await lab.clock.advance(120_000);
    expect(await manager.nodes('lab')).toMatchObject([{ id: ours.client.status.nodeId, alive: true }]);
    expect(ours.client.status.nodeId).not.toBe(nodeId);
    expect(ours.heard('registrationLost')).toEqual([{ nodeId }]);
    expect(ours.heard('registered')).toHaveLength(2);
    expect(ours.network.calls.register).toBe(1 + 12 + 1);
  });

  it('R10: one registration also if the node could not store its new id', async () => {
    const lab = new Lab();
    const ours = await lab.open();
    const { nodeId } = ours.client.status;
    ours.disk.beforeWrite = () => {
      throw new Error('no space left on device');
    };
    await lab.world.fake.transport.deregister({ cluster: 'lab', nodeId: nodeId ?? 0 });
    await lab.clock.advance(120_000);
    expect(ours.network.calls.register).toBe(2);
    expect(ours.heard('registrationLost')).toEqual([{ nodeId }]);
    expect(await lab.world.fake.manager.nodes('lab')).toMatchObject([
      { id: ours.client.status.nodeId, alive: true },
    ]);
    // It is reported, and written with the next successful write.
    const noSpace = { error: { message: expect.stringContaining('no space') } };
    expect(ours.heard('heartbeatFailed')).toMatchObject([noSpace, noSpace]);
    ours.disk.beforeWrite = () => undefined;
    await lab.run(ours.client.createDatabase('a'));
    expect(await ours.disk.read('cflux.json')).toContain(`"nodeId": ${ours.client.status.nodeId}`);
  });

  it('R10: after a manager lost its data, the node registers once', async () => {
    const lab = new Lab();
    const ours = await lab.open();
    await lab.world.wipeManager();
    await lab.clock.advance(60_000);
    expect(ours.network.calls.register).toBe(2);
    expect(await lab.world.fake.manager.nodes('lab')).toHaveLength(1);
  });

  it('R10: an id that only expired is alive again after a heartbeat, without a registration', async () => {
    const lab = new Lab();
    const ours = await lab.open();
    const { nodeId } = ours.client.status;
    ours.network.partitioned = true;
    await lab.clock.advance(60_000);
    expect(await lab.world.fake.manager.nodes('lab')).toMatchObject([{ alive: false }]);
    ours.network.partitioned = false;
    await lab.clock.advance(20_000);
    expect(await lab.world.fake.manager.nodes('lab')).toMatchObject([{ id: nodeId, alive: true }]);
    expect(ours.network.calls.register).toBe(1);
  });
});

describe.each(wrappedKinds)('R10 around $name', (kind) => {
  it.each([
    ['at once', 0],
    ['a moment', 10],
    ['some time', 8_000],
  ])(
    'R10: after sleeping past its time to live a node syncs before the next push: a change that comes %s after it woke',
    async (_, ms) => {
      const lab = new Lab();
      const calls: string[] = [];
      const ours = await lab.open({ meta: kind.make(), manager: noting(lab.world.fake.transport, calls) });
      const other = await lab.open();
      await lab.run(other.client.createDatabase('a'));
      await lab.settle([ours]);
      calls.length = 0;
      lab.clock.pause(50_000);
      if (ms > 0) await lab.clock.advance(ms);
      const polls = calls.length;
      await lab.run(ours.client.createDatabase('b'));
      expect(calls.slice(ms > 1_000 ? 0 : polls)).toEqual(expect.arrayContaining(['poll', 'push']));
      expect(calls.indexOf('poll')).toBeLessThan(calls.indexOf('push'));
      expect(await databasesOf(ours.meta)).toEqual(['a', 'b']);
      // Once is enough.
      calls.length = 0;
      await lab.run(ours.client.createDatabase('c'));
      expect(calls[0]).toBe('push');
    },
  );

  it('R10: after its id was unknown a node syncs before the next push', async () => {
    const lab = new Lab();
    const calls: string[] = [];
    const ours = await lab.open({ meta: kind.make(), manager: noting(lab.world.fake.transport, calls) });
    await lab.world.fake.transport.deregister({ cluster: 'lab', nodeId: ours.client.status.nodeId ?? 0 });
    await lab.clock.advance(6_000);
    expect(ours.heard('registrationLost')).toHaveLength(1);
    calls.length = 0;
    await lab.run(ours.client.createDatabase('a'));
    expect(calls.slice(0, 2)).toEqual(['poll', 'push']);
  });

  it('R10: the same holds with a legacy manager', async () => {
    const lab = new Lab();
    const manager = new PlainManager(lab.clock);
    const calls: string[] = [];
    const ours = await lab.open({ meta: kind.make(), manager: noting(manager, calls) });
    manager.nodesKnown.clear();
    await lab.clock.advance(20_000);
    expect(manager.nodesKnown.size).toBe(1);
    expect(ours.heard('registered')).toHaveLength(2);
    calls.length = 0;
    await lab.run(ours.client.createDatabase('a'));
    expect(calls.slice(0, 2)).toEqual(['poll', 'push']);
  });
});
