import { isCfluxError, type WaitForNodesResult } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { followed, Lab, type LabNode, reasonOf } from './support/lab.js';
import { wire } from './support/wire.js';

/** A lab whose manager knows all nodes, because it has run for one time to live. */
async function grownLab(nodes: number): Promise<{ lab: Lab; nodes: readonly LabNode[] }> {
  const lab = new Lab();
  const opened: LabNode[] = [];
  for (let i = 0; i < nodes; i++) opened.push(await lab.open());
  await lab.clock.advance(16_000);
  return { lab, nodes: opened };
}

const first = (nodes: readonly LabNode[]): LabNode => {
  const [node] = nodes;
  if (node === undefined) throw new Error('the lab has no node');
  return node;
};

async function failureOf(lab: Lab, promise: Promise<unknown>) {
  const reason = await lab.run(reasonOf(promise));
  if (!isCfluxError(reason)) throw new Error(`not a CfluxError: ${String(reason)}`);
  return reason;
}

describe('R28: a change everywhere', () => {
  it('R28: waitForNodes resolves when every node has the version', async () => {
    const { lab, nodes } = await grownLab(3);
    const { client } = first(nodes);
    await lab.run(client.createDatabase('a'));
    const { version } = client.status;
    const result = await lab.run(client.waitForNodes(version));
    expect(result).toMatchObject({ version, complete: true, counted: 3, behind: [] });
    for (const { client: each } of nodes) expect(each.status.version).toBe(version);
  });

  it('R28: waitForNodes rejects after its timeout; message and cause name the nodes behind', async () => {
    const { lab, nodes } = await grownLab(2);
    const [mine, other] = nodes;
    await lab.run(first(nodes).client.createDatabase('a'));
    if (mine === undefined || other === undefined) return;
    await lab.settle(nodes);
    other.client.noteApplied({ version: 0 });
    await lab.clock.advance(300);
    const { version, nodeId: _ } = mine.client.status;
    const begin = lab.clock.monotonic();
    const error = await failureOf(lab, mine.client.waitForNodes(version, { timeout: 5_000 }));
    expect(error).toMatchObject({ code: 'TIMEOUT' });
    expect(lab.clock.monotonic() - begin).toBeLessThanOrEqual(5_000);
    const { behind } = error.cause as WaitForNodesResult;
    const { nodeId = 0 } = other.client.status;
    expect(behind.map(({ id }) => id)).toEqual([nodeId]);
    expect(error.message).toContain(`node ${nodeId} (${behind[0]?.hostname}) at version 0`);
  });

  it('R28: against a manager, or a transport, that cannot wait, waitForNodes rejects', async () => {
    const { lab } = await grownLab(1);
    const { waitForNodes: _, ...older } = wire(lab.world.fake.transport, {});
    const { client } = await lab.open({ manager: older });
    await lab.run(client.createDatabase('a'));
    const error = await failureOf(lab, client.waitForNodes(client.status.version));
    expect(error).toMatchObject({ code: 'NO_SUCH_ROUTE', outcome: 'notApplied' });
    const refused = await failureOf(lab, client.waitForNodes(0));
    expect(refused).toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('R28: waitForNodes rejects when the epoch changes, outlives a restart of the manager, and ends with its signal', async () => {
    const { lab, nodes } = await grownLab(2);
    const { client } = first(nodes);
    await lab.run(client.createDatabase('a'));
    const { version } = client.status;
    await lab.world.restartManager();
    const waiting = followed(client.waitForNodes(version));
    await lab.clock.advance(10_000);
    expect(waiting.state).toBe('pending');
    await lab.clock.advance(8_000);
    expect(waiting).toMatchObject({ state: 'resolved', value: { complete: true } });
    nodes[1]?.client.noteApplied({ version: 0 });
    await lab.clock.advance(300);
    const aborter = new AbortController();
    const [ended, aborted] = [
      followed(client.waitForNodes(version)),
      followed(client.waitForNodes(version, { signal: aborter.signal })),
    ];
    await lab.clock.advance(1_000);
    const reason = { reason: 'enough' };
    aborter.abort(reason);
    await lab.world.wipeManager();
    await lab.clock.advance(30_000);
    expect(aborted).toEqual({ state: 'rejected', error: reason });
    expect(ended).toMatchObject({ state: 'rejected', error: { code: 'EPOCH_MISMATCH' } });
  });

  it('R3: with acks all, a mutation resolves when every node has it', async () => {
    const { lab, nodes } = await grownLab(3);
    const { client } = first(nodes);
    const all = { acks: 'all' } as const;
    const result = await lab.run(client.mutate((meta) => meta.createDatabase('a'), all));
    expect(result).toMatchObject({ name: 'a' });
    const { version } = client.status;
    const held = (await lab.run(client.nodes())).map(({ heldVersion }) => heldVersion);
    expect(held).toEqual([version, version, version]);
    // A change that is there already waits, too.
    nodes[1]?.client.noteApplied({ version: 0 });
    await lab.clock.advance(300);
    const again = client.mutate((meta) => meta.createDatabase('a'), { ...all, timeout: 2_000 });
    expect(await failureOf(lab, again)).toMatchObject({ code: 'NOT_EVERYWHERE' });
  });

  it('R3: NOT_EVERYWHERE is the one rejection of a change that was made', async () => {
    const { lab, nodes } = await grownLab(2);
    const { client } = first(nodes);
    nodes[1]?.client.noteApplied({ version: 0 });
    await lab.clock.advance(300);
    const made = async (name: string, error: unknown) => {
      expect(error).toMatchObject({ code: 'NOT_EVERYWHERE', retryable: false, outcome: 'applied' });
      expect(client.meta.data()).toMatchObject({
        databases: expect.arrayContaining([expect.objectContaining({ name })]),
      });
      expect(lab.newest.databases.map((database) => database.name)).toContain(name);
    };
    const create = (name: string, options: object = {}) =>
      client.mutate((meta) => meta.createDatabase(name), { acks: 'all', timeout: 3_000, ...options });
    const late = await failureOf(lab, create('late'));
    await made('late', late);
    expect(late.cause).toMatchObject({ code: 'TIMEOUT', cause: { complete: false } });
    expect(late.message).toContain(`node ${nodes[1]?.client.status.nodeId}`);
    const aborter = new AbortController();
    const aborted = followed(create('aborted', { signal: aborter.signal }));
    await lab.clock.advance(1_000);
    aborter.abort(new Error('enough'));
    await lab.clock.advance(1);
    await made('aborted', aborted.error);
    const refused = await failureOf(
      lab,
      client
        .mutate(() => Promise.reject(new Error('no')), { acks: 'all' })
        .catch((error: unknown) => {
          throw isCfluxError(error) ? error : Object.assign(error as Error, { code: 'own' });
        }),
    ).catch((error: Error) => error);
    expect(refused.message).toContain('no');
    const unknown: object = { acks: 'some' };
    expect(
      await failureOf(
        lab,
        client.mutate((meta) => meta.createDatabase('x'), unknown),
      ),
    ).toMatchObject({
      code: 'INVALID_OPTION',
    });
    expect(lab.newest.databases.map(({ name }) => name)).not.toContain('x');
    const closing = followed(create('closing'));
    await lab.clock.advance(500);
    await lab.run(client.close());
    await lab.clock.advance(1);
    expect(closing.error).toMatchObject({ code: 'NOT_EVERYWHERE', cause: { code: 'CLOSED' } });
  });

  it('R3: a change that this node could not store is waited for at its own version', async () => {
    const { lab, nodes } = await grownLab(2);
    const node = first(nodes);
    const { client, network } = node;
    await lab.run(client.createDatabase('a'));
    const before = client.status.version;
    const { setData } = node.meta;
    node.meta.setData = () => {
      throw new Error('the disk is full');
    };
    const stuck = followed(
      client.mutate((meta) => meta.createDatabase('b'), { acks: 'all', timeout: 3_000 }),
    );
    await lab.clock.advance(4_000);
    node.meta.setData = setData;
    if (client.status.version === before) expect(stuck.state).toBe('rejected');
    expect(network.calls.waitForNodes).toBeGreaterThan(0);
    await lab.clock.advance(30_000);
  });
});
