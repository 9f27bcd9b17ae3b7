import assert from 'node:assert/strict';
import { aPush, bytes, type Checks, cluster, committed, snapshot } from './bench.js';

export const pushChecks: Checks = {
  async 'transfers a snapshot in both directions, byte for byte'(transport) {
    const everyByte = Uint8Array.from({ length: 3 * 256 }, (_, at) => at % 256);
    const version = committed(await transport.push(aPush({ snapshot: everyByte })));
    assert.ok(Number.isSafeInteger(version) && version > 0, `a version of ${version}`);
    const polled = snapshot(await transport.poll({ cluster, version: 0, wait: 0 }));
    assert.deepEqual(polled.snapshot, Buffer.from(everyByte));
    assert.equal(polled.version, version);
    assert.equal(polled.mutation, 'mutation-1');
    assert.ok(polled.epoch, 'the epoch is missing');
  },

  async 'transfers a large snapshot in both directions'(transport) {
    const large = new Uint8Array(5 * 2 ** 20);
    // Xorshift, so that compression does not make it smaller.
    for (let at = 0, x = 1; at < large.length; at++) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
      large[at] = x;
    }
    await transport.push(aPush({ snapshot: large }));
    const polled = snapshot(await transport.poll({ cluster, version: 0, wait: 0 }));
    assert.ok(polled.snapshot.equals(large), 'other bytes came back');
  },

  async 'resolves a late push with the newer version'(transport) {
    const first = committed(await transport.push(aPush()));
    const newer = aPush({ version: first, snapshot: bytes('second'), mutation: 'mutation-2' });
    const second = committed(await transport.push(newer));
    assert.ok(second > first, 'versions must rise');
    const late = await transport.push(aPush({ version: first, mutation: 'mutation-3' }));
    assert.equal(late.kind, 'conflict');
    assert.equal(late.version, second);
    assert.equal(late.mutation, 'mutation-2');
    assert.ok(late.epoch, 'the epoch is missing');
    assert.ok(late.snapshot, 'the snapshot is missing');
    assert.equal(Buffer.from(late.snapshot).toString(), 'second');
  },

  async 'lets one of several concurrent pushes win'(transport) {
    const version = committed(await transport.push(aPush()));
    const pushes = Array.from({ length: 3 }, (_, number) =>
      transport.push(aPush({ version, mutation: `racing-${number}`, nodeId: number + 1 })),
    );
    const kinds = (await Promise.all(pushes)).map((result) => result.kind).sort();
    assert.deepEqual(kinds, ['committed', 'conflict', 'conflict']);
  },

  async 'stores a mutation once, however often it is pushed'(transport) {
    const version = committed(await transport.push(aPush()));
    assert.equal(committed(await transport.push(aPush())), version);
    assert.equal(committed(await transport.push(aPush({ version }))), version);
  },
};
