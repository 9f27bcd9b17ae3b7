import { CfluxError, encodeMetadata } from 'clusterflux';
import { MemoryStorage } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';
import { followed, Lab, type LabNode, reasonOf } from './support/lab.js';
import { PlainManager } from './support/plain-manager.js';
import { silence, wire } from './support/wire.js';
import {
  databaseNames,
  databasesOf,
  dataWith,
  forkingKind,
  kindsInPlace,
  type WrappedClient,
  wrappedKinds,
} from './support/wrapped-clients.js';

/** How long telling the manager may take. */
const leaving = 2_000;

/** Counts how often `meta` is opened and closed. */
function countLives(meta: WrappedClient) {
  const lives = { opened: 0, closed: 0 };
  meta.open = () => {
    lives.opened += 1;
  };
  meta.close = () => {
    lives.closed += 1;
  };
  return lives;
}

/** Closes, and resolves with how much time that took. */
async function closing(lab: Lab, node: LabNode, options?: { timeout: number }): Promise<number> {
  const begun = lab.clock.monotonic();
  await lab.run(node.client.close(options));
  return lab.clock.monotonic() - begun;
}

describe.each(wrappedKinds)('R13 around $name', (kind) => {
  it('R13: loops stop, the manager is notified that the node left, and the wrapped client is closed, once', async () => {
    const lab = new Lab();
    const meta = kind.make();
    const lives = countLives(meta);
    const ours = await lab.open({ meta });
    const { nodeId } = ours.client.status;
    expect(await closing(lab, ours)).toBe(0);
    expect(await lab.world.fake.manager.nodes('lab')).toMatchObject([{ id: nodeId, alive: false }]);
    expect(lives).toEqual({ opened: 1, closed: 1 });
    expect(ours.client.status.state).toBe('closed');
    expect(ours.heard('closed')).toHaveLength(1);
    const calls = { ...ours.network.calls };
    const events = ours.events.length;
    await lab.clock.advance(600_000);
    expect(ours.network.calls).toEqual(calls);
    expect(ours.events).toHaveLength(events);
  });

  it('R13: close() is idempotent: at the same time, and again', async () => {
    const lab = new Lab();
    const meta = kind.make();
    const lives = countLives(meta);
    const ours = await lab.open({ meta });
    await lab.run(
      Promise.all([ours.client.close(), ours.client.close(), ours.client[Symbol.asyncDispose]()]),
    );
    await ours.client.close();
    expect(lives).toEqual({ opened: 1, closed: 1 });
    expect(ours.heard('closed')).toHaveLength(1);
  });

  it('R13: queued mutations reject, and the one on the wire is awaited and settles with its outcome', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    ours.network.failNext('push', { answerDelay: 3_000 });
    const onTheWire = followed(ours.client.createDatabase('a'));
    await lab.clock.advance(100);
    const queued = followed(ours.client.createDatabase('b'));
    const closed = closing(lab, ours);
    await lab.clock.settle();
    expect(queued).toMatchObject({ state: 'rejected', error: { code: 'CLOSED', outcome: 'notApplied' } });
    expect(onTheWire.state).toBe('pending');
    expect(await closed).toBeCloseTo(2_900);
    expect(onTheWire.state).toBe('resolved');
    expect(await databasesOf(ours.meta)).toEqual(['a']);
    expect(databaseNames(lab.newest)).toEqual(['a']);
  });

  it.each([
    ['5 s', undefined, 5_000],
    ['the given time', { timeout: 700 }, 700],
  ])(
    'R13: one on the wire that is not answered for %s rejects as UNKNOWN_OUTCOME',
    async (_, options, timeout) => {
      const lab = new Lab();
      const ours = await lab.open({ meta: kind.make() });
      ours.network.failNext('push', { answerDelay: 60_000 });
      const notified = followed(ours.client.createDatabase('a'));
      await lab.clock.advance(100);
      const passed = await closing(lab, ours, options);
      expect(notified).toMatchObject({
        state: 'rejected',
        error: { code: 'UNKNOWN_OUTCOME', outcome: 'unknown' },
      });
      expect(passed).toBeGreaterThanOrEqual(timeout);
      expect(passed).toBeLessThanOrEqual(timeout + leaving);
      expect(await databasesOf(ours.meta), 'what was not accepted is taken back').toEqual([]);
    },
  );

  it('R13: an operation that never ends is rejected with an error that nothing was sent', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const notified = followed(ours.client.mutate(() => silence()));
    await lab.clock.advance(100);
    expect(await closing(lab, ours)).toBeLessThanOrEqual(5_000 + leaving);
    expect(notified).toMatchObject({ state: 'rejected', error: { code: 'CLOSED', outcome: 'notApplied' } });
  });

  it('R13: afterwards every call rejects, and the last metadata can be read from the wrapped client', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    await lab.run(ours.client.createDatabase('a'));
    await lab.run(ours.client.close());
    const { client } = ours;
    const calls: (() => Promise<unknown>)[] = [
      () => client.open(),
      () => client.mutate(() => undefined),
      () => client.createDatabase('b'),
      async () => client.createUser?.('ada', 'secret', true),
      async () => client.databases?.(),
      () => client.refresh(),
      () => client.adopt(),
      () => client.reseed(),
      () => client.nodes(),
      () => client.waitForVersion(1),
    ];
    for (const call of calls) expect(await reasonOf(call()), String(call)).toMatchObject({ code: 'CLOSED' });
    expect(await databasesOf(ours.meta)).toEqual(['a']);
  });

  it('R13: all waiting calls reject at once', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    ours.network.partitioned = true;
    const { client } = ours;
    const waiting = [
      client.refresh(),
      client.adopt(),
      client.reseed(),
      client.nodes(),
      client.waitForVersion(2 ** 50),
    ];
    const notified = waiting.map((call: Promise<unknown>) => followed(call));
    await lab.clock.advance(100);
    expect(await closing(lab, ours)).toBeLessThanOrEqual(leaving);
    expect(notified).toMatchObject(waiting.map(() => ({ state: 'rejected', error: { code: 'CLOSED' } })));
  });

  const silences: Record<string, (lab: Lab) => Parameters<typeof wire>[1]> = {
    register: () => ({ register: () => (_, options) => silence(options?.signal) }),
    'the first poll': () => ({ poll: () => (_, options) => silence(options?.signal) }),
    'the first push': () => ({ push: () => (_, options) => silence(options?.signal) }),
  };
  it.each(Object.keys(silences))(
    'R13: during an open() that waits for %s: that rejects, and it is closed',
    async (call) => {
      const lab = new Lab();
      const meta = kind.make();
      const lives = countLives(meta);
      const ours = lab.node({ meta, manager: wire(lab.world.fake.transport, silences[call]?.(lab) ?? {}) });
      const opening = followed(ours.client.open());
      await lab.clock.advance(1_000);
      expect(opening.state).toBe('pending');
      expect(await closing(lab, ours)).toBeLessThanOrEqual(leaving);
      expect(opening).toMatchObject({ state: 'rejected', error: { code: 'CLOSED' } });
      expect(lives).toEqual({ opened: 1, closed: 1 });
      expect(ours.client.status.state).toBe('closed');
    },
  );

  it('R13: during an open() of the inner client', async () => {
    const lab = new Lab();
    const meta = kind.make();
    let opened: () => void = () => undefined;
    let closed = 0;
    meta.open = () =>
      new Promise<void>((resolve) => {
        opened = resolve;
      });
    meta.close = () => {
      closed += 1;
    };
    const ours = lab.node({ meta });
    const opening = followed(ours.client.open());
    await lab.clock.settle();
    const end = ours.client.close();
    opened();
    await lab.run(end);
    expect(opening).toMatchObject({ state: 'rejected', error: { code: 'CLOSED' } });
    expect(closed).toBe(1);
    expect(ours.network.calls).toMatchObject({ register: 0, poll: 0 });
  });

  it('R13: a client that was never opened closes nothing but itself', async () => {
    const lab = new Lab();
    const meta = kind.make();
    const lives = countLives(meta);
    const ours = lab.node({ meta });
    expect(await closing(lab, ours)).toBe(0);
    expect(lives).toEqual({ opened: 0, closed: 0 });
    expect(ours.client.status.state).toBe('closed');
    expect(ours.network.calls).toMatchObject({ heartbeat: 0, deregister: 0 });
    expect(await reasonOf(ours.client.open())).toMatchObject({ code: 'CLOSED' });
  });

  it.each([
    ['refuses', { refuse: true }],
    ['is silent', { lose: 'request' }],
    ['answers 500', { error: new CfluxError('MANAGER_FAILED', '500', { retryable: true, status: 500 }) }],
  ] as const)('R13: with a manager that %s it still ends within its limits', async (_, fault) => {
    const lab = new Lab();
    const meta = kind.make();
    const lives = countLives(meta);
    const ours = await lab.open({ meta });
    for (let i = 0; i < 50; i++) {
      ours.network.failNext('push', fault);
      ours.network.failNext('heartbeat', fault);
    }
    const notified = followed(ours.client.createDatabase('a'));
    await lab.clock.advance(10);
    expect(await closing(lab, ours)).toBeLessThanOrEqual(5_000 + leaving);
    expect(notified.state).toBe('rejected');
    expect(lives.closed).toBe(1);
  });

  it('R13: a mutation that waited for the node to join rejects at once', async () => {
    const lab = new Lab();
    const ours = lab.node({ meta: kind.make(), startOffline: true });
    ours.network.partitioned = true;
    await lab.run(ours.client.open());
    const notified = followed(ours.client.createDatabase('a'));
    await lab.clock.advance(100);
    expect(await closing(lab, ours)).toBeLessThanOrEqual(leaving);
    expect(notified).toMatchObject({ state: 'rejected', error: { code: 'CLOSED', outcome: 'notApplied' } });
  });
});

describe.each(kindsInPlace)('R13 around $name', (kind) => {
  it('R13: a read that waited for the decision gets it', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    ours.network.failNext('push', { answerDelay: 60_000 });
    void ours.client.createDatabase('a').catch(() => undefined);
    await lab.clock.advance(100);
    const read = followed(ours.client.data().then(databaseNames));
    await lab.run(ours.client.close());
    expect(read.state).not.toBe('pending');
    expect(read.value ?? []).toEqual([]);
  });
});

describe('R13', () => {
  it('R13: the node keeps its id for its next life; with deregister it gives it up', async () => {
    const lab = new Lab();
    const disk = new MemoryStorage();
    const meta = forkingKind.make();
    const first = await lab.open({ meta, disk });
    const { nodeId } = first.client.status;
    await lab.run(first.client.close());
    const second = await lab.open({ meta, disk });
    expect(second.client.status.nodeId).toBe(nodeId);
    expect(await lab.world.fake.manager.nodes('lab')).toMatchObject([{ id: nodeId, alive: true }]);
    await lab.run(second.client.close({ deregister: true }));
    expect(await lab.world.fake.manager.nodes('lab')).toEqual([]);
    const third = await lab.open({ meta, disk });
    expect(third.client.status.nodeId).not.toBe(nodeId);
  });

  it('R13: a node without storage gives its id up by default; with deregister: false it stays listed as dead', async () => {
    const lab = new Lab();
    const short = await lab.open({ disk: null });
    await lab.run(short.client.close());
    lab.forget(short);
    expect(await lab.world.fake.manager.nodes('lab')).toEqual([]);
    const stays = await lab.open({ disk: null });
    const id = stays.client.status.nodeId;
    await lab.run(stays.client.close({ deregister: false }));
    lab.forget(stays);
    expect(await lab.world.fake.manager.nodes('lab')).toMatchObject([{ id, alive: false }]);
  });

  it('R13: while the node waits for the operator’s word it closes as any other', async () => {
    const lab = new Lab();
    const manager = new PlainManager(lab.clock, 'one');
    const ours = await lab.open({ manager });
    manager.restore(
      [{ version: 9, snapshot: encodeMetadata(await dataWith(99n, 'x')), mutation: 'm' }],
      'two',
    );
    await lab.clock.advance(5_000);
    expect(ours.client.status.state).toBe('foreignCluster');
    expect(await closing(lab, ours)).toBe(0);
    expect(ours.client.status.state).toBe('closed');
  });

  it('R13: if the wrapped client fails to close, the error is reported and everything else is closed', async () => {
    const lab = new Lab();
    const meta = forkingKind.make();
    const failure = new Error('cannot close');
    meta.close = () => Promise.reject(failure);
    const ours = await lab.open({ meta });
    expect(await lab.run(reasonOf(ours.client.close()))).toBe(failure);
    expect(ours.client.status.state).toBe('closed');
    expect(ours.heard('closed')).toHaveLength(1);
    lab.forget(ours);
  });

  it('R13: after an open() that failed there is nothing left to close, and it may be opened again', async () => {
    const lab = new Lab();
    const meta = forkingKind.make();
    const lives = countLives(meta);
    const ours = lab.node({ meta });
    ours.network.partitioned = true;
    expect(await lab.run(reasonOf(ours.client.open()))).toMatchObject({ code: 'TIMEOUT' });
    expect(lives).toEqual({ opened: 1, closed: 1 });
    expect(ours.client.status.state).toBe('created');
    ours.network.partitioned = false;
    await lab.run(ours.client.open());
    expect(ours.client.status.state).toBe('online');
    await lab.run(ours.client.close());
    expect(lives).toEqual({ opened: 2, closed: 2 });
  });

  it('R13: an open() that was given up leaves nothing open', async () => {
    const lab = new Lab();
    const meta = forkingKind.make();
    const lives = countLives(meta);
    const ours = lab.node({ meta });
    ours.network.partitioned = true;
    const controller = new AbortController();
    const opening = reasonOf(ours.client.open({ signal: controller.signal }));
    await lab.clock.advance(1_000);
    const reason = new Error('never mind');
    controller.abort(reason);
    expect(await lab.run(opening)).toBe(reason);
    expect(lives).toEqual({ opened: 1, closed: 1 });
    expect(lab.clock.timers).toBe(0);
  });
});
