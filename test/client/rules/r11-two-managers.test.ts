import { encodeMetadata } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import type { Transport } from '../../../src/transport/transport.js';
import { followed, Lab } from './support/lab.js';
import { PlainManager } from './support/plain-manager.js';
import { databasesOf, dataWith, wrappedKinds } from './support/wrapped-clients.js';

const clusterId = 7n;

describe.each(wrappedKinds)('R11: two managers behind one name that share no store, around $name', (kind) => {
  /** A node at a balancer that sends three requests about versions to one manager, three to the other, and so on, until it is set to send all to one of them. */
  async function between() {
    const lab = new Lab();
    const [one, two] = [new PlainManager(lab.clock, 'one'), new PlainManager(lab.clock, 'two')];
    const snapshot = encodeMetadata(await dataWith(clusterId, 'theirs'));
    two.restore([{ version: 1, snapshot, mutation: 'm-two' }]);
    let requests = 0;
    const balance: { to: PlainManager | undefined } = { to: one };
    const next = () => balance.to ?? (requests++ % 6 < 3 ? two : one);
    const front: Transport = {
      endpoint: 'front',
      register: (request) => one.register(request),
      heartbeat: (request) => one.heartbeat(request),
      deregister: (request) => one.deregister(request),
      nodes: () => one.nodes(),
      push: (request) => next().push(request),
      poll: (request, options) => next().poll(request, options),
      close: () => undefined,
    };
    const node = await lab.open({ meta: kind.make(await dataWith(clusterId, 'a')), manager: front });
    balance.to = undefined;
    /** Sends all requests to the manager whose history the node does not have. */
    const sendToOther = () => {
      balance.to = node.client.status.epoch === one.epoch ? two : one;
    };
    return { lab, node, balance, sendToOther };
  }

  it('R11: pushes change sides as rarely as polls do, with one backup for each metadata', async () => {
    const { lab, node } = await between();
    for (let i = 0; i < 120; i++) {
      node.client.createDatabase(`pushed-${i}`).catch(() => undefined);
      await lab.clock.advance(500);
    }
    const changes = node.heard('epochChanged').length;
    expect(changes).toBeGreaterThan(1);
    // Pauses of 0.5, 1, 2, 4 and then 7.5 s at least, in a minute.
    expect(changes).toBeLessThanOrEqual(12);
    expect(node.disk.backups.length).toBeLessThanOrEqual(changes);
    const distinct = new Set(node.disk.backups.map((backup) => Buffer.from(backup).toString('base64')));
    expect(distinct.size).toBe(node.disk.backups.length);
  });

  it('R11: a change that waits for that is made when the requests agree again, ends at its deadline, and ends at close', async () => {
    const { lab, node, balance, sendToOther } = await between();
    const waits = async () => {
      balance.to = undefined;
      const before = node.heard('syncFailed').length;
      for (
        let i = 0;
        !node
          .heard('syncFailed')
          .slice(before)
          .some(({ error }) => /again within a minute/.test(error.message));
        i++
      ) {
        node.client.createDatabase(`x-${i}`).catch(() => undefined);
        await lab.clock.advance(500);
        expect(i).toBeLessThan(200);
      }
    };
    await waits();
    sendToOther();
    const made = followed(node.client.createDatabase('made'));
    await lab.clock.advance(0);
    expect(made.state).toBe('pending');
    await lab.clock.advance(30_000);
    expect(made.state).toBe('resolved');
    expect(await databasesOf(node.meta)).toContain('made');

    await waits();
    const late = followed(node.client.mutate((meta) => meta.createDatabase?.('late'), { timeout: 1 }));
    await lab.clock.advance(16_000);
    expect(late.state).not.toBe('pending');
    const closed = followed(node.client.createDatabase('closed'));
    await lab.run(node.client.close());
    expect(closed.state).not.toBe('pending');
  });
});
