import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { applyDelta } from '../delta/apply-delta.js';
import { parseVcdiff } from '../delta/vcdiff/parse-vcdiff.js';
import { printVcdiff } from '../delta/vcdiff/print-vcdiff.js';
import { isCfluxError } from '../errors.js';
import type {
  PollResult,
  PushRequest,
  PushResult,
  Snapshot,
  SnapshotDelta,
  Transport,
} from '../transport/transport.js';
import { withRetry } from '../transport/with-retry.js';
import type { ContractCheck } from './contract.js';

/** A transport that is connected to its own, empty manager. */
export interface ConnectedTransport {
  readonly transport: Transport;
  /** Closes the manager and everything between it and the transport. */
  readonly close: () => Promise<void> | void;
}

const cluster = 'c';
const node = { ip: '10.0.0.1,', hostname: 'host', bindAddress: 'host:8086' };
const bytes = (text: string) => new TextEncoder().encode(text);
const aPush = (request: Partial<PushRequest> = {}): PushRequest => ({
  cluster,
  version: 0,
  snapshot: bytes('first'),
  mutation: 'mutation-1',
  ...request,
});

function committed(result: PushResult): number {
  assert.equal(result.kind, 'committed');
  return result.version;
}

function snapshot(result: PollResult) {
  assert.equal(result.kind, 'snapshot');
  return { ...result, snapshot: Buffer.from(result.snapshot) };
}

/** Returns the error of `call`. */
async function rejection(call: Promise<unknown>): Promise<unknown> {
  const nothing = Symbol();
  const reason = await call.then(
    () => nothing,
    (error: unknown) => error,
  );
  assert.notEqual(reason, nothing, 'the call was fulfilled');
  return reason;
}

async function failsWith(code: string, call: Promise<unknown>) {
  const error = await rejection(call);
  assert.ok(isCfluxError(error), `not a CfluxError: ${String(error)}`);
  assert.equal(error.code, code);
  return error;
}

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

/** The checks by name; they use the transport as CfluxClient would. */
const checks: Record<string, (transport: Transport) => Promise<void>> = {
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

  async 'keeps clusters of any name apart'(transport) {
    const names = [
      'a',
      'A',
      'a b',
      'a+b',
      'a/b',
      '../x',
      '%2e%2e',
      '__proto__',
      'ü\u{1f600}',
      'x'.repeat(255),
    ];
    for (const name of names) await transport.push(aPush({ cluster: name, snapshot: bytes(name) }));
    for (const name of names) {
      const polled = snapshot(await transport.poll({ cluster: name, version: 0, wait: 0 }));
      assert.equal(polled.snapshot.toString(), name);
    }
  },

  async 'rejects with the reason, and that nothing was stored'(transport) {
    const error = await failsWith('BAD_REQUEST', transport.push(aPush({ cluster: 'x'.repeat(256) })));
    assert.equal(error.outcome, 'notApplied');
    assert.equal(error.retryable, false);
    assert.match(error.message, /255 bytes/);
  },

  async 'transfers an offer, and how long to wait'(transport) {
    const offering = aPush({ offer: { epoch: 'lost', version: 12 } });
    const error = await failsWith('UNAVAILABLE', transport.push(offering, { timeout: 5_000 }));
    assert.equal(error.retryable, true);
    assert.ok((error.retryAfter ?? 0) > 0, 'how long to wait is missing');
    assert.equal(error.outcome, 'unknown');
  },

  async 'ends a call with the reason of its signal'(transport) {
    const version = committed(await transport.push(aPush()));
    const early = { reason: 'early' };
    const poll = { cluster, version, wait: 20_000 };
    assert.equal(await rejection(transport.poll(poll, { signal: AbortSignal.abort(early) })), early);
    const controller = new AbortController();
    const held = rejection(transport.poll(poll, { signal: controller.signal }));
    await transport.poll({ cluster, version, wait: 0 });
    const late = { reason: 'late' };
    controller.abort(late);
    assert.equal(await held, late);
    await transport.push(aPush({ version, mutation: 'mutation-2' }));
  },

  async 'ends a call after its timeout'(transport) {
    const version = committed(await transport.push(aPush()));
    const begin = performance.now();
    await failsWith('TIMEOUT', transport.poll({ cluster, version, wait: 20_000 }, { timeout: 200 }));
    assert.ok(performance.now() - begin < 10_000, 'it took much longer');
  },

  async 'ends every call when it is closed'(transport) {
    const version = committed(await transport.push(aPush()));
    const held = rejection(transport.poll({ cluster, version, wait: 20_000 }));
    await transport.poll({ cluster, version, wait: 0 });
    await transport.close?.();
    await held;
    await rejection(transport.push(aPush()));
    await transport.close?.();
  },
};

/**
 * The checks that every {@link Transport} must pass, for any test runner. Each check calls `connect` for its own transport and
 * manager; a transport without retries is checked within {@link withRetry}, as CfluxClient uses it.
 * @example
 * ```ts
 * import { describe, it } from 'vitest';
 *
 * const connect = () => {
 *   const manager = new Manager({ store: new MemoryStore() });
 *   return { transport: new LocalTransport(manager), close: () => manager.close() };
 * };
 * describe('LocalTransport', () => {
 *   for (const { name, run } of transportContract(connect)) it(name, run);
 * });
 * ```
 */
export function transportContract(
  connect: () => ConnectedTransport | Promise<ConnectedTransport>,
): readonly ContractCheck[] {
  return Object.entries(checks).map(([name, check]) => ({ name, run: () => runCheck(connect, check) }));
}

async function runCheck(
  connect: () => ConnectedTransport | Promise<ConnectedTransport>,
  check: (transport: Transport) => Promise<void>,
): Promise<void> {
  const { transport, close } = await connect();
  const used = transport.retries ? transport : withRetry(transport);
  try {
    await check(used);
  } finally {
    await used.close?.();
    await close();
  }
}
