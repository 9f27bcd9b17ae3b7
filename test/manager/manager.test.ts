import { isCfluxError } from 'clusterflux';
import { Manager, type ManagerOptions, type ManagerStore, MemoryStore } from 'clusterflux/manager';
import { ManualClock } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { PollRequest, PushRequest } from '../../src/transport/transport.js';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (snapshot: Uint8Array) => new TextDecoder().decode(snapshot);

let mutations = 0;
const pushOf = (version: number, snapshot: string, more: Partial<PushRequest> = {}): PushRequest => ({
  cluster: 'a',
  version,
  snapshot: bytes(snapshot),
  mutation: `m${mutations++}`,
  ...more,
});
const pollOf = (version: number, more: Partial<PollRequest> = {}): PollRequest => ({
  cluster: 'a',
  version,
  wait: 60_000,
  ...more,
});

function setUp(options: Partial<ManagerOptions> = {}) {
  const clock = new ManualClock();
  const manager = new Manager({ store: new MemoryStore(), clock, ...options });
  onTestFinished(async () => {
    await manager.close();
    expect(clock.timers, 'no timer is left after close').toBe(0);
  });
  return { clock, manager };
}

/** Pushes on the newest version, and resolves with the new one. */
async function commit(manager: Manager, snapshot: string, more: Partial<PushRequest> = {}): Promise<number> {
  const { cluster = 'a' } = more;
  const head = await manager.poll({ cluster, version: 0, wait: 0 });
  const base = head.kind === 'snapshot' ? head.version : 0;
  const result = await manager.push(pushOf(base, snapshot, more));
  if (result.kind !== 'committed') throw new Error(result.kind);
  return result.version;
}

/** What a promise came to so far. */
async function stateOf(promise: Promise<unknown>): Promise<'pending' | 'fulfilled' | 'rejected'> {
  await new Promise((resolve) => setImmediate(resolve));
  return Promise.race([
    promise.then(
      () => 'fulfilled' as const,
      () => 'rejected' as const,
    ),
    Promise.resolve('pending' as const),
  ]);
}

describe('a push', () => {
  it('is stored at the newest version, and meets 409 with the newest snapshot otherwise (R20)', async () => {
    const { manager } = setUp();
    const first = await commit(manager, 'one');
    const lost = await manager.push(pushOf(first - 1, 'two'));
    expect(lost).toMatchObject({ kind: 'conflict', version: first });
    expect(lost.kind === 'conflict' && lost.snapshot && text(lost.snapshot)).toBe('one');
    const won = await manager.push(pushOf(first, 'two'));
    expect(won).toMatchObject({ kind: 'committed' });
  });

  it('that is sent twice is stored once, and returns its version both times (R27)', async () => {
    const { manager } = setUp();
    const request = pushOf(0, 'one');
    const first = await manager.push(request);
    await commit(manager, 'two');
    expect(await manager.push(request)).toEqual(first);
    expect(await manager.history('a')).toHaveLength(2);
  });

  it('of another epoch is refused with ours and the version that we have (R11)', async () => {
    const { manager } = setUp();
    const version = await commit(manager, 'one');
    const epoch = await manager.epoch('a');
    expect(await manager.push(pushOf(version, 'two', { epoch: 'another' }))).toEqual({
      kind: 'epochMismatch',
      epoch,
      version,
    });
    expect(await manager.push(pushOf(version, 'two', { epoch }))).toMatchObject({ kind: 'committed', epoch });
  });

  it('without a byte is refused: no metadata encodes to nothing (R24)', async () => {
    const { manager } = setUp();
    await expect(manager.push(pushOf(0, ''))).rejects.toMatchObject({
      code: 'BAD_REQUEST',
      outcome: 'notApplied',
    });
  });

  it('larger than the limit is refused (R24)', async () => {
    const { manager } = setUp({ limits: { snapshotBytes: 10 } });
    await expect(manager.push(pushOf(0, 'x'.repeat(11)))).rejects.toMatchObject({
      code: 'TOO_LARGE',
      outcome: 'notApplied',
    });
    await manager.push(pushOf(0, 'x'.repeat(10)));
  });

  it.each([
    ['', 'nothing'],
    ['x'.repeat(256), '256 bytes'],
    ['é'.repeat(128), '256 bytes of two-byte characters'],
    ['\ud800', 'half a surrogate pair'],
  ])('to a cluster named %j (%s) is refused (R24)', async (cluster) => {
    const { manager } = setUp();
    await expect(manager.push(pushOf(0, 'x', { cluster }))).rejects.toMatchObject({ code: 'BAD_REQUEST' });
  });

  it('with an id of control characters or of any length is refused (R24)', async () => {
    const { manager } = setUp();
    for (const mutation of ['', 'a b', 'a\nb', 'x'.repeat(129)]) {
      await expect(manager.push(pushOf(0, 'x', { mutation }))).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    }
  });
});

describe('a poll', () => {
  it('with an older, newer or no version completes at once', async () => {
    const { manager } = setUp();
    const version = await commit(manager, 'one');
    for (const other of [0, version - 1, version + 1]) {
      expect(await manager.poll(pollOf(other))).toMatchObject({ kind: 'snapshot', version });
    }
  });

  it('of the newest version is held until a change (R22)', async () => {
    const { manager } = setUp();
    const version = await commit(manager, 'one');
    const poll = manager.poll(pollOf(version));
    expect(await stateOf(poll)).toBe('pending');
    const next = await commit(manager, 'two', { mutation: 'made-it' });
    expect(await poll).toMatchObject({ kind: 'snapshot', version: next, mutation: 'made-it' });
  });

  it('ends unchanged after the requested wait, with the current version', async () => {
    const { manager, clock } = setUp();
    const version = await commit(manager, 'one');
    const poll = manager.poll(pollOf(version, { wait: 20_000 }));
    await clock.advance(19_999);
    expect(await stateOf(poll)).toBe('pending');
    await clock.advance(1);
    expect(await poll).toMatchObject({ kind: 'unchanged', version, epoch: await manager.epoch('a') });
  });

  it('is never held longer than the maximum, and spread if it requests no time', async () => {
    const { manager, clock } = setUp({ maxPollWait: 100_000 });
    const ends = new Set<number>();
    const polls = Array.from({ length: 20 }, async () => {
      await manager.poll({ cluster: 'a', version: 0 });
      ends.add(clock.monotonic());
    });
    const asked = manager.poll(pollOf(0, { wait: 1e9 }));
    await clock.advance(100_000);
    await Promise.all([...polls, asked]);
    expect(ends.size).toBeGreaterThan(10);
    expect(Math.min(...ends)).toBeGreaterThanOrEqual(90_000);
  });

  it('that does not wait completes from the store at once', async () => {
    const { manager } = setUp();
    expect(await manager.poll(pollOf(0, { wait: 0 }))).toEqual({
      kind: 'unchanged',
      epoch: await manager.epoch('a'),
    });
    const version = await commit(manager, 'one');
    expect(await manager.poll(pollOf(version, { wait: 0 }))).toMatchObject({ kind: 'unchanged', version });
  });

  it('whose version another mutation made gets the snapshot: the store was restored (R11)', async () => {
    const { manager } = setUp();
    const version = await commit(manager, 'one', { mutation: 'ours' });
    expect(await manager.poll(pollOf(version, { mutation: 'ours', wait: 0 }))).toMatchObject({
      kind: 'unchanged',
    });
    expect(await manager.poll(pollOf(version, { mutation: 'another', wait: 0 }))).toMatchObject({
      kind: 'snapshot',
      version,
      mutation: 'ours',
    });
  });

  it("of a node is released by the node's own push, without the snapshot", async () => {
    const { manager } = setUp();
    const version = await commit(manager, 'one');
    const own = manager.poll(pollOf(version, { nodeId: 7 }));
    const other = manager.poll(pollOf(version, { nodeId: 8 }));
    await stateOf(own);
    const next = await commit(manager, 'two', { nodeId: 7, mutation: 'mine' });
    expect(await own).toMatchObject({ kind: 'unchanged', version: next, mutation: 'mine' });
    expect(await other).toMatchObject({ kind: 'snapshot', version: next });
  });

  it('of a node that lost the response to its push gets the snapshot if it started after the push', async () => {
    const { manager } = setUp();
    const version = await commit(manager, 'one');
    const next = await commit(manager, 'two', { nodeId: 7 });
    expect(await manager.poll(pollOf(version, { nodeId: 7 }))).toMatchObject({
      kind: 'snapshot',
      version: next,
    });
  });

  it.each([
    ['before', false],
    ['after', true],
  ])(
    '#13 the gap between get and watch: one whose comparison ends %s the polls are notified of a version does not miss it (R22)',
    async (_, isNotified) => {
      const store = new MemoryStore();
      const head = store.head.bind(store);
      let release = () => {};
      let held: Promise<void> | undefined;
      // The compare reads the head, and before it goes on the version is stored.
      store.head = async (cluster) => {
        const result = await head(cluster);
        const delay = held;
        held = undefined;
        await delay;
        return result;
      };
      const { manager } = setUp({ store });
      const version = await commit(manager, 'one');
      held = new Promise((resolve) => {
        release = resolve;
      });
      const poll = manager.poll(pollOf(version));
      await stateOf(poll);
      const pushed = await manager.push(pushOf(version, 'two'));
      // Polls are notified after the response to the push.
      if (isNotified) for (let turns = 0; turns < 3; turns++) await stateOf(poll);
      release();
      expect(await poll).toMatchObject({
        kind: 'snapshot',
        version: pushed.kind === 'committed' && pushed.version,
      });
    },
  );

  it('that starts while pushes wait gets the latest version with all other polls, soon (R22)', async () => {
    const store = new MemoryStore();
    const { manager, clock } = setUp({ store });
    const base = await commit(manager, 'zero');
    const { commit: commitNow } = store;
    let goOn = () => {};
    let commits = 0;
    store.commit = async (...args) => {
      commits += 1;
      if (commits > 1) await new Promise<void>((resolve) => (goOn = resolve));
      return commitNow.apply(store, args);
    };
    const first = manager.push(pushOf(base, 'one', { nodeId: 1 }));
    const second = manager.push(pushOf(base, 'two', { nodeId: 2 }));
    const { version } = (await first) as { version: number };

    const late = manager.poll(pollOf(base));
    expect(await stateOf(late)).toBe('pending');
    expect(await manager.poll(pollOf(base, { wait: 0 }))).toMatchObject({ version });
    await clock.advance(200);
    expect(await late).toMatchObject({ kind: 'snapshot', version });

    // Without waiting pushes, the next is notified at once.
    goOn();
    expect(await second).toMatchObject({ kind: 'conflict', version });
    commits = 0;
    const next = manager.poll(pollOf(version));
    const third = (await manager.push(pushOf(version, 'three', { nodeId: 2 }))) as { version: number };
    expect(await next).toMatchObject({ kind: 'snapshot', version: third.version });
  });

  it('sees what another manager on the same store stored (R22)', async () => {
    const store = new MemoryStore();
    const { manager } = setUp({ store });
    const { manager: other } = setUp({ store: store.share() });
    const version = await commit(manager, 'one');
    const poll = other.poll(pollOf(version));
    expect(await stateOf(poll)).toBe('pending');
    const next = await commit(manager, 'two');
    expect(await poll).toMatchObject({ kind: 'snapshot', version: next });
  });

  it('ends with the reason of its signal, and holds nothing any more', async () => {
    const { manager, clock } = setUp();
    const controller = new AbortController();
    const poll = manager.poll(pollOf(0), { signal: controller.signal });
    await stateOf(poll);
    expect(manager.heldPolls).toBe(1);
    controller.abort(new Error('gone'));
    await expect(poll).rejects.toThrow('gone');
    expect(manager.heldPolls).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it('beyond the limit is refused (R24)', async () => {
    const { manager } = setUp({ limits: { heldPolls: 2 } });
    const held = [manager.poll(pollOf(0)), manager.poll(pollOf(0))];
    await stateOf(Promise.all(held));
    await expect(manager.poll(pollOf(0))).rejects.toMatchObject({
      code: 'TOO_MANY_REQUESTS',
      retryable: true,
    });
    await manager.push(pushOf(0, 'one'));
    await Promise.all(held);
  });

  it('gets the same buffer as every other poll', async () => {
    const { manager } = setUp();
    const version = await commit(manager, 'one');
    const polls = Array.from({ length: 100 }, () => manager.poll(pollOf(version)));
    await stateOf(Promise.all(polls));
    await commit(manager, 'two');
    const answers = await Promise.all([...polls, manager.poll(pollOf(version))]);
    const buffers = new Set(answers.map((answer) => answer.kind === 'snapshot' && answer.snapshot));
    expect(buffers.size).toBe(1);
  });
});

describe('close', () => {
  it('ends held polls and waiting pushes, certainly without storing them, and leaves no timer', async () => {
    const { manager, clock } = setUp();
    const version = await commit(manager, 'one');
    const poll = manager.poll(pollOf(version));
    await manager.push(pushOf(1, 'lost', { nodeId: 1 }));
    const waiting = manager.push(pushOf(version, 'waits for the turn of node 1', { nodeId: 2 }));
    await stateOf(waiting);
    const [polled, pushed] = [expect(poll), expect(waiting)];
    await manager.close();
    const refusal = { code: 'UNAVAILABLE', retryable: true, outcome: 'notApplied' };
    await polled.rejects.toMatchObject(refusal);
    await pushed.rejects.toMatchObject(refusal);
    await expect(manager.poll(pollOf(0))).rejects.toMatchObject(refusal);
    expect(clock.timers).toBe(0);
  });

  it('waits for a push that is being stored', async () => {
    const store = new MemoryStore();
    const storeCommit = store.commit.bind(store);
    let release = () => {};
    const stored = new Promise<void>((resolve) => {
      release = resolve;
    });
    store.commit = async (request) => {
      await stored;
      return storeCommit(request);
    };
    const { manager } = setUp({ store });
    const push = manager.push(pushOf(0, 'one'));
    await stateOf(push);
    const closing = manager.close();
    expect(await stateOf(closing)).toBe('pending');
    release();
    expect(await push).toMatchObject({ kind: 'committed' });
    await closing;
  });
});

describe('a store that fails', () => {
  const failing = (outcome: 'notApplied' | undefined): ManagerStore => {
    const store = new MemoryStore();
    const storeCommit = store.commit.bind(store);
    let fail = true;
    store.commit = async (request) => {
      if (!fail) return storeCommit(request);
      fail = false;
      // The worst case: it was stored, and only the response failed.
      if (outcome === undefined) await storeCommit(request);
      const { CfluxError } = await import('clusterflux');
      throw new CfluxError('STORAGE_FAILED', 'disk', outcome === undefined ? {} : { outcome });
    };
    return store;
  };

  it('in the middle of a push rejects it, admits the next one, and sends held polls what is really stored', async () => {
    const { manager } = setUp({ store: failing(undefined) });
    const poll = manager.poll(pollOf(0));
    await stateOf(poll);
    const request = pushOf(0, 'one');
    const failure: unknown = await manager.push(request).catch((error: unknown) => error);
    expect(isCfluxError(failure, 'STORAGE_FAILED') && failure.outcome).toBeUndefined();
    const polled = await poll;
    expect(polled).toMatchObject({ kind: 'snapshot', mutation: request.mutation });
    expect(await manager.push(request)).toMatchObject({ kind: 'committed' });
  });

  it('before anything was stored rejects with that outcome (R3)', async () => {
    const { manager } = setUp({ store: failing('notApplied') });
    await expect(manager.push(pushOf(0, 'one'))).rejects.toMatchObject({ outcome: 'notApplied' });
    expect(await manager.push(pushOf(0, 'one'))).toMatchObject({ kind: 'committed' });
  });

  it('to open is tried again at the next call', async () => {
    const store = new MemoryStore();
    const open = store.open.bind(store);
    store.open = async () => {
      store.open = open;
      throw new Error('not yet');
    };
    const { manager } = setUp({ store });
    await expect(manager.open()).rejects.toThrow('not yet');
    await commit(manager, 'one');
  });
});

describe('nodes', () => {
  const node = { ip: '10.0.0.1,', hostname: 'h' };

  it('register, beat, expire, revive and leave (R23)', async () => {
    const { manager, clock } = setUp({ nodeTtl: 15_000 });
    const { id, node: recorded } = await manager.register('a', node, { remote: '10.9.9.9' });
    expect(recorded.bindAddress).toBe('10.9.9.9');
    const alive = async () => (await manager.nodes('a')).map((each) => each.alive);
    await clock.advance(14_000);
    expect(await manager.heartbeat('a', id)).toBe(true);
    await clock.advance(14_000);
    expect(await alive()).toEqual([true]);
    await clock.advance(1_001);
    expect(await alive()).toEqual([false]);
    expect(await manager.heartbeat('a', id)).toBe(true);
    expect(await alive()).toEqual([true]);
    await manager.heartbeat('a', id, { leaving: true });
    expect(await alive()).toEqual([false]);
    await manager.deregister('a', id);
    expect(await manager.heartbeat('a', id)).toBe(false);
    expect(await manager.nodes('a')).toEqual([]);
  });

  it('do not expire for a pause of the manager, and do after one time to live of running (R23)', async () => {
    const { manager, clock } = setUp({ nodeTtl: 15_000 });
    const { id: silent } = await manager.register('a', node);
    await clock.advance(20_000);
    await manager.register('a', node);
    clock.pause(60_000);
    const alive = async () => (await manager.nodes('a')).map((each) => each.alive);
    expect(await alive()).toEqual([false, true]);
    await clock.advance(14_000);
    expect(await alive()).toEqual([false, true]);
    await clock.advance(2_000);
    expect(await alive()).toEqual([false, false]);
    expect(await manager.heartbeat('a', silent)).toBe(true);
    expect(await alive()).toEqual([true, false]);
  });

  it('live by the monotonic clock, whatever the wall clock does', async () => {
    const { manager, clock } = setUp();
    await manager.register('a', node);
    clock.setWall(clock.now() + 3_600_000);
    expect((await manager.nodes('a'))[0]?.alive).toBe(true);
    clock.setWall(clock.now() - 7_200_000);
    await clock.advance(16_000);
    expect((await manager.nodes('a'))[0]?.alive).toBe(false);
  });

  it('describe themselves within bounds (R24)', async () => {
    const { manager } = setUp();
    const long = 'x'.repeat(5_000);
    for (const wrong of [
      { ...node, hostname: long },
      { ...node, ip: long },
      { ...node, bindAddress: long },
    ]) {
      await expect(manager.register('a', wrong)).rejects.toMatchObject({ code: 'BAD_REQUEST' });
    }
  });
});

describe('deleting a cluster', () => {
  it('shows nodes another epoch', async () => {
    const { manager } = setUp();
    const version = await commit(manager, 'one');
    const epoch = await manager.epoch('a');
    const poll = manager.poll(pollOf(version, { epoch }));
    await stateOf(poll);
    await manager.deleteCluster('a');
    const answer = await poll;
    expect(answer).toMatchObject({ kind: 'epochMismatch', version: 0 });
    expect(answer.epoch).not.toBe(epoch);
    await expect(manager.deleteCluster('never was')).rejects.toMatchObject({ code: 'CLUSTER_NOT_FOUND' });
  });
});
