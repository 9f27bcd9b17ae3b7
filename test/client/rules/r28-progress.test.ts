import { MemoryStorage } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';
import { Lab } from './support/lab.js';
import { wire } from './support/wire.js';

const only = async (lab: Lab) => (await lab.world.fake.manager.nodes('lab'))[0];

describe('R28', () => {
  it('R28: a node reports its held and applied versions from the first heartbeat on', async () => {
    const lab = new Lab();
    const library = await lab.open();
    await lab.run(library.client.createDatabase('a'));
    await lab.clock.advance(5_000);
    const { version } = library.client.status;
    expect(await only(lab)).toMatchObject({ kind: 'library', heldVersion: version });
    expect(await only(lab)).not.toHaveProperty('appliedVersion');
    const agent = lab.node();
    agent.client.noteApplied({ version: 0 });
    await lab.run(agent.client.open());
    await lab.clock.advance(1);
    const ofAgent = async () => (await lab.world.fake.manager.nodes('lab'))[1];
    expect(await ofAgent()).toMatchObject({ kind: 'agent', appliedVersion: 0 });
    const { epoch } = agent.client.status;
    agent.client.noteApplied({ version, epoch });
    agent.client.noteApplied({ version, epoch });
    const beats = agent.network.calls.heartbeat;
    await lab.clock.advance(300);
    expect(await ofAgent()).toMatchObject({ heldVersion: version, appliedVersion: version });
    expect(agent.network.calls.heartbeat).toBe(beats + 1);
    agent.client.noteApplied({ version, epoch: 'another' });
    await lab.clock.advance(300);
    expect(await ofAgent()).toMatchObject({ appliedVersion: version });
  });

  it('R28: two nodes on copies of one directory both get ids of their own, reported once each', async () => {
    const lab = new Lab();
    const disk = new MemoryStorage();
    const first = await lab.open({ disk });
    await lab.run(first.client.createDatabase('a'));
    const { nodeId } = first.client.status;
    const copy = new MemoryStorage();
    for (const [name, content] of disk.files) copy.files.set(name, content);
    // Apart from the other in time, as two processes are.
    await lab.clock.advance(2_500);
    const second = await lab.open({ disk: copy });
    expect(second.client.status.nodeId).toBe(nodeId);
    await lab.clock.advance(30_000);
    const ids = [first, second].map(({ client }) => client.status.nodeId);
    expect(new Set([...ids, nodeId]).size).toBe(3);
    for (const node of [first, second]) {
      expect(node.heard('duplicateNode')).toEqual([{ nodeId }]);
      expect(node.heard('registrationLost')).toEqual([]);
    }
    const shown = await lab.world.fake.manager.nodes('lab');
    expect(shown.map(({ alive, duplicate }) => [alive, duplicate === true])).toEqual([
      [false, true],
      [true, false],
      [true, false],
    ]);
  });

  it('R28: a node that restarts again and again keeps its id', async () => {
    const lab = new Lab();
    const disk = new MemoryStorage();
    const ids = new Set<number | undefined>();
    for (let i = 0; i < 6; i++) {
      const node = await lab.open({ disk });
      await lab.clock.advance(3_000);
      ids.add(node.client.status.nodeId);
      await lab.run(node.client.close());
      lab.forget(node);
    }
    expect(ids.size).toBe(1);
  });

  it('R28: a report is sent to the manager, and an older manager ends that', async () => {
    const lab = new Lab();
    const { client } = await lab.open();
    const report = {
      version: 0,
      at: 0,
      influxdb: { reachable: false, error: 'refused' },
      drops: false,
      inSync: 0,
      pending: 0,
      refused: 0,
      unmanaged: 0,
      unverified: 0,
      findings: [],
    };
    await lab.run(client.report(report));
    expect((await lab.run(client.nodes()))[0]?.report).toEqual(report);
    const { report: _, ...older } = wire(lab.world.fake.transport, {});
    const other = await lab.open({ manager: older });
    await expect(lab.run(other.client.report(report))).rejects.toMatchObject({ code: 'NO_SUCH_ROUTE' });
  });
});
