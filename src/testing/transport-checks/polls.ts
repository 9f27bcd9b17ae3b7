import assert from 'node:assert/strict';
import { aPush, bytes, type Checks, cluster, committed, snapshot } from './bench.js';

export const pollChecks: Checks = {
  async 'reports at once that nothing is new, if it must not wait'(transport) {
    const version = committed(await transport.push(aPush()));
    const result = await transport.poll({ cluster, version, wait: 0 });
    assert.equal(result.kind, 'unchanged');
  },

  async 'holds a poll until its time is up'(transport) {
    const version = committed(await transport.push(aPush()));
    const begin = performance.now();
    const result = await transport.poll({ cluster, version, wait: 1_000 });
    assert.equal(result.kind, 'unchanged');
    assert.ok(performance.now() - begin >= 900, 'it was not held');
  },

  async 'holds a poll until something changes'(transport) {
    const version = committed(await transport.push(aPush()));
    const held = transport.poll({ cluster, version, wait: 20_000 });
    const changed = await transport.push(
      aPush({ version, snapshot: bytes('second'), mutation: 'mutation-2' }),
    );
    const { snapshot: got, ...rest } = snapshot(await held);
    assert.equal(rest.version, committed(changed));
    assert.equal(rest.mutation, 'mutation-2');
    assert.equal(got.toString(), 'second');
  },

  async 'does not send a node what it has stored itself'(transport) {
    const version = committed(await transport.push(aPush({ nodeId: 7 })));
    const held = transport.poll({ cluster, version, wait: 20_000, nodeId: 7 });
    // The poll must be held already; otherwise it is compared with the version after the push.
    await transport.poll({ cluster, version, wait: 1_000 });
    const mine = await transport.push(aPush({ version, nodeId: 7, mutation: 'mutation-2' }));
    const result = await held;
    assert.equal(result.kind, 'unchanged');
    assert.equal(result.version, committed(mine));
  },

  async 'distinguishes another history from its own'(transport) {
    const version = committed(await transport.push(aPush()));
    const elsewhere = { version, epoch: 'of-another-manager' };
    const pushed = await transport.push(aPush({ ...elsewhere, mutation: 'mutation-2' }));
    assert.equal(pushed.kind, 'epochMismatch');
    const polled = await transport.poll({ cluster, ...elsewhere, wait: 1_000 });
    assert.equal(polled.kind, 'epochMismatch');
    assert.equal(polled.epoch, pushed.epoch);
    const mine = await transport.poll({ cluster, version, epoch: pushed.epoch, wait: 0 });
    assert.equal(mine.kind, 'unchanged');
  },
};
