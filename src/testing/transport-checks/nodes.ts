import assert from 'node:assert/strict';
import { isCfluxError } from '../../errors.js';
import { aPush, type Checks, cluster, committed, failsWith, node } from './bench.js';

export const nodeChecks: Checks = {
  async 'gives every node its own id, and lists it'(transport) {
    const first = await transport.register({ cluster, node });
    const second = await transport.register({ cluster, node: { ...node, hostname: 'höst 2' } });
    assert.ok(Number.isSafeInteger(first.id) && first.id > 0, `an id of ${first.id}`);
    assert.notEqual(first.id, second.id);
    const nodes = await transport.nodes({ cluster });
    assert.deepEqual(
      nodes.map(({ id, hostname, bindAddress, alive }) => ({ id, hostname, bindAddress, alive })),
      [
        { id: first.id, hostname: 'host', bindAddress: 'host:8086', alive: true },
        { id: second.id, hostname: 'höst 2', bindAddress: 'host:8086', alive: true },
      ],
    );
    assert.deepEqual(await transport.nodes({ cluster: 'another' }), []);
  },

  async 'reports an unknown node'(transport) {
    const { id: nodeId } = await transport.register({ cluster, node });
    await transport.heartbeat({ cluster, nodeId });
    await failsWith('NODE_NOT_FOUND', transport.heartbeat({ cluster, nodeId: nodeId + 1 }));
    await failsWith('NODE_NOT_FOUND', transport.heartbeat({ cluster: 'another', nodeId }));
    await transport.deregister({ cluster, nodeId });
    await failsWith('NODE_NOT_FOUND', transport.heartbeat({ cluster, nodeId }));
    await failsWith('NODE_NOT_FOUND', transport.deregister({ cluster, nodeId }));
    assert.deepEqual(await transport.nodes({ cluster }), []);
  },

  async 'reports that a node leaves, and that it is back'(transport) {
    const { id: nodeId } = await transport.register({ cluster, node });
    const alive = async () => (await transport.nodes({ cluster })).map((each) => each.alive);
    await transport.heartbeat({ cluster, nodeId, leaving: true });
    assert.deepEqual(await alive(), [false]);
    await transport.heartbeat({ cluster, nodeId });
    assert.deepEqual(await alive(), [true]);
  },

  async 'names the nodes that lack a version, or reports that it cannot wait for nodes'(transport) {
    const version = committed(await transport.push(aPush()));
    const { id: nodeId } = await transport.register({ cluster, node, instance: 'i' });
    const wait = (more: object = {}) => transport.waitForNodes?.({ cluster, version, wait: 0, ...more });
    const before = await wait()?.catch((error: unknown) => {
      if (!isCfluxError(error, 'NO_SUCH_ROUTE')) throw error;
      return undefined;
    });
    if (before === undefined) return;
    assert.deepEqual([before.version, before.complete, before.counted], [version, false, 1]);
    assert.deepEqual(
      before.behind.map(({ id }) => id),
      [nodeId],
    );
    const held = wait({ wait: 1_000 });
    await transport.heartbeat({ cluster, nodeId, progress: { instance: 'i', version } });
    // A manager that has just started does not know all nodes.
    const after = await held;
    assert.deepEqual(after?.behind, []);
    assert.equal(after?.complete, after?.uncertainFor === undefined);
    await failsWith('EPOCH_MISMATCH', Promise.resolve(wait({ epoch: 'of-another-manager' })));
    await failsWith('BAD_REQUEST', Promise.resolve(wait({ version: 0 })));
  },
};
