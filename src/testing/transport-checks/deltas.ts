import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { applyDelta } from '../../delta/apply-delta.js';
import { parseVcdiff } from '../../delta/vcdiff/parse-vcdiff.js';
import { printVcdiff } from '../../delta/vcdiff/print-vcdiff.js';
import type { PushRequest, Snapshot, SnapshotDelta, Transport } from '../../transport/transport.js';
import { aPush, bytes, type Checks, cluster, committed, snapshot } from './bench.js';

/** The bytes before and after a small change, and the delta between them. */
const before = Buffer.from('a snapshot of some length, '.repeat(20));
const after = Buffer.concat([bytes('changed: '), before]);
const difference = printVcdiff({
  length: after.length,
  instructions: [
    { bytes: bytes('changed: '), length: 9 },
    { from: 0, length: before.length },
  ],
});

/** Pushes the first version; returns where it is in the history. */
async function begun(transport: Transport) {
  const version = committed(await transport.push(aPush({ snapshot: before })));
  const { epoch } = snapshot(await transport.poll({ cluster, version: 0, wait: 0 }));
  return { version, epoch };
}

/** A push of the change, in both forms. */
const deltaPush = (position: Pick<PushRequest, 'version' | 'epoch'>) => ({
  ...aPush({ ...position, snapshot: after, mutation: 'mutation-2' }),
  delta: {
    bytes: difference,
    digest: `sha-256=:${createHash('sha256').update(after).digest('base64')}:`,
  },
});

/** Returns the bytes of a version that was received in either form, for a requester that has the first version. */
function resultOf(version: Snapshot | SnapshotDelta): Buffer {
  if (version.snapshot !== undefined) return Buffer.from(version.snapshot);
  const limits = { baseLength: before.length, maxLength: 10_000 };
  const result = applyDelta(parseVcdiff(version.delta, limits), before);
  const digest = `sha-256=:${createHash('sha256').update(result).digest('base64')}:`;
  assert.equal(version.digest, digest, 'the digest of a delta must be that of its result');
  return result;
}

export const deltaChecks: Checks = {
  async 'stores a pushed delta as the snapshot that it produces'(transport) {
    const { version, epoch } = await begun(transport);
    const result = await transport.push(deltaPush({ version, epoch }));
    const polled = snapshot(await transport.poll({ cluster, version: 0, wait: 0 }));
    assert.equal(polled.version, committed(result));
    assert.ok(polled.snapshot.equals(after), 'another snapshot was stored');
  },

  async 'stores the snapshot of a push whose delta cannot be used'(transport) {
    const { version, epoch } = await begun(transport);
    const request = deltaPush({ version, epoch });
    await transport.push({ ...request, delta: { ...request.delta, bytes: bytes('no delta') } });
    const polled = snapshot(await transport.poll({ cluster, version: 0, wait: 0 }));
    assert.ok(polled.snapshot.equals(after), 'another snapshot was stored');
  },

  async 'returns to a poll that accepts a delta either a delta or a snapshot'(transport) {
    const { version, epoch } = await begun(transport);
    const pushed = committed(await transport.push(deltaPush({ version, epoch })));
    const polled = await transport.poll({ cluster, version, epoch, wait: 0, acceptsDelta: true });
    assert.ok(polled.kind === 'snapshot' || polled.kind === 'delta', `a result of the kind ${polled.kind}`);
    assert.equal(polled.version, pushed);
    assert.equal(polled.mutation, 'mutation-2');
    assert.ok(resultOf(polled).equals(after), 'other bytes were returned');
    const whole = await transport.poll({ cluster, version, epoch, wait: 0 });
    assert.equal(whole.kind, 'snapshot');
  },

  async 'returns to a late push that accepts a delta either a delta or a snapshot'(transport) {
    const { version, epoch } = await begun(transport);
    await transport.push(deltaPush({ version, epoch }));
    const late = await transport.push(aPush({ version, epoch, mutation: 'mutation-3', acceptsDelta: true }));
    assert.equal(late.kind, 'conflict');
    assert.ok(resultOf(late).equals(after), 'other bytes were returned');
  },
};
