import { CfluxError, type CfluxOptions, encodeMetadata } from 'clusterflux';
import type { Fault, FaultyCall } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';
import type { PollRequest, PollResult, Transport } from '../../../src/transport/transport.js';
import { Lab } from './support/lab.js';
import { PlainManager } from './support/plain-manager.js';
import { silence, wire } from './support/wire.js';
import { databasesOf, dataWith, forkingKind } from './support/wrapped-clients.js';

const garbage = Buffer.from('<html>It works!</html>');
const error = (code: ConstructorParameters<typeof CfluxError>[0], status: number, retryable = false) =>
  new CfluxError(code, `status ${status}`, { status, retryable });

/** Immediate responses of a manager, or of another program in its place, to a poll. */
const oddPolls: Record<string, (request: PollRequest, at: Lab) => Promise<PollResult>> = {
  'refuses the connection': async () => {
    throw new CfluxError('UNREACHABLE', 'connection refused', { retryable: true, outcome: 'notApplied' });
  },
  'does not know its name': async () => {
    throw Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
  },
  'answers 500': async () => {
    throw error('MANAGER_FAILED', 500, true);
  },
  'answers 400': async () => {
    throw error('BAD_REQUEST', 400);
  },
  'answers 401': async () => {
    throw error('UNAUTHORIZED', 401);
  },
  'answers 404': async () => {
    throw error('NO_SUCH_ROUTE', 404);
  },
  'says nothing': () => silence(),
  'answers nothing at all': async () => undefined as unknown as PollResult,
  'answers garbage': async ({ version }) => ({ kind: 'snapshot', version: version + 1, snapshot: garbage }),
  'answers at once that nothing changed': async () => ({ kind: 'unchanged' }),
  'answers at once with the same version': async ({ version, epoch, mutation }, lab) => ({
    kind: 'snapshot',
    version,
    epoch,
    mutation,
    snapshot: encodeMetadata(lab.newest),
  }),
  'speaks of a newer version and does not have it': async ({ version, epoch }) => ({
    kind: 'unchanged',
    version: version + 1,
    epoch,
  }),
  'is two managers behind one name, in turn': async ({ wait }, lab) => {
    turn += 1;
    return {
      kind: 'snapshot',
      version: 1_000 + turn,
      epoch: `epoch ${turn % 2}`,
      mutation: `m${turn}`,
      snapshot: encodeMetadata(wait === 0 ? lab.newest : await dataWith(1n, `two ${turn % 2}`)),
    };
  },
  'has another epoch each time, and hides it': async () => ({
    kind: 'epochMismatch',
    epoch: `e${++turn}`,
    version: 5,
  }),
  'goes back and forth between versions': async ({ version, epoch }) => ({
    kind: 'snapshot',
    version: version + (++turn % 2 === 0 ? 5 : -5),
    epoch,
    mutation: `m${turn}`,
    snapshot: encodeMetadata(await dataWith(1n, `back and forth ${turn % 2}`)),
  }),
};
let turn = 0;

const polls = Object.keys(oddPolls);

async function opened(options: CfluxOptions & { transport?: Transport } = {}) {
  const lab = new Lab();
  const state = { odd: undefined as ((request: PollRequest, at: Lab) => Promise<PollResult>) | undefined };
  const manager = wire(lab.world.fake.transport, {
    poll: (send) => (request, call) => (state.odd ? state.odd(request, lab) : send(request, call)),
  });
  const ours = await lab.open({
    meta: forkingKind.make(await dataWith(1n, 'a')),
    manager,
    pollWait: 60_000,
    ...options,
  });
  return { lab, ours, state };
}

describe('R9: the sync loop', () => {
  it.each(polls)(
    'R9: never spins where the manager %s: a handful of requests in ten seconds',
    async (name) => {
      const { lab, ours, state } = await opened();
      state.odd = oddPolls[name];
      const other = await lab.open();
      await lab.run(other.client.createDatabase('b'));
      const before = { ...ours.network.calls };
      const backups = ours.disk.backups.length;
      await lab.clock.advance(10_000);
      const asked = ours.network.calls.poll - before.poll + ours.network.calls.push - before.push;
      expect(asked).toBeLessThanOrEqual(40);
      expect(ours.disk.backups.length - backups).toBeLessThanOrEqual(10);
    },
  );

  it.each(polls)('R9: outlives a manager that %s, and follows it again when that is over', async (name) => {
    const { lab, ours, state } = await opened();
    const other = await lab.open();
    state.odd = oddPolls[name];
    await lab.run(other.client.createDatabase('b'));
    await lab.clock.advance(120_000);
    state.odd = undefined;
    await lab.clock.advance(100_000);
    if (ours.client.status.state === 'foreignCluster') await lab.run(ours.client.adopt());
    await lab.settle([ours]);
    expect(ours.client.status.state).toBe('online');
    expect(await databasesOf(ours.meta)).toEqual(['a', 'b']);
  });

  it.each(polls)('R9: stops at close while the manager %s', async (name) => {
    const { lab, ours, state } = await opened();
    state.odd = oddPolls[name];
    await lab.clock.advance(7_000);
    await lab.run(ours.client.close());
    const before = { ...ours.network.calls };
    await lab.clock.advance(60_000);
    expect(ours.network.calls).toEqual(before);
  });

  it('R9: emits its failures with the time of the retry, and updates the status', async () => {
    const { lab, ours } = await opened();
    ours.network.partitioned = true;
    await lab.world.restartManager();
    await lab.clock.advance(60_000);
    const notified = ours.heard('syncFailed');
    expect(notified.map(({ failures }) => failures)).toEqual(notified.map((_, i) => i + 1));
    for (const { retryIn } of notified) expect(retryIn).toBeLessThanOrEqual(15_000);
    expect(ours.client.status.state).toBe('offline');
    ours.network.partitioned = false;
    await lab.clock.advance(30_000);
    expect(ours.client.status.state).toBe('online');
  });

  it('R9: does not wait before the next poll after a response: a full hold is followed at once', async () => {
    const { lab, ours } = await opened({ pollWait: 2_000 });
    const before = ours.network.calls.poll;
    await lab.clock.advance(20_000);
    expect(ours.network.calls.poll - before).toBe(10);
    expect(ours.heard('syncFailed')).toEqual([]);
  });

  it('R9: polls a legacy manager no more often than it releases its polls', async () => {
    const lab = new Lab();
    const manager = new PlainManager(lab.clock);
    const ours = await lab.open({ manager });
    const before = manager.polls.length;
    await lab.clock.advance(1_600_000);
    expect(manager.polls.length - before).toBeLessThanOrEqual(6);
    expect(ours.heard('syncFailed')).toEqual([]);
  });
});

/** What may befall a heartbeat. */
const oddBeats: Record<string, () => Promise<void>> = {
  'refuses the connection': async () => {
    throw new CfluxError('UNREACHABLE', 'connection refused', { retryable: true, outcome: 'notApplied' });
  },
  'answers 500': async () => {
    throw error('MANAGER_FAILED', 500, true);
  },
  'answers 404 without knowing why': async () => {
    throw error('NO_SUCH_ROUTE', 404);
  },
  'says nothing': () => silence(),
  'throws what is no error': async () => {
    throw 'what?';
  },
};

describe('R9: the heartbeat', () => {
  it.each(Object.keys(oddBeats))(
    'R9: outlives a manager that %s, without a storm, and beats on',
    async (name) => {
      const lab = new Lab();
      const state = { odd: false };
      const manager = wire(lab.world.fake.transport, {
        heartbeat: (send) => (request, options) =>
          state.odd ? (oddBeats[name]?.() ?? send(request)) : send(request, options),
      });
      const ours = await lab.open({ manager });
      state.odd = true;
      const before = ours.network.calls.heartbeat;
      await lab.clock.advance(60_000);
      // Twelve beats of five attempts.
      expect(ours.network.calls.heartbeat - before).toBeLessThanOrEqual(60);
      const failures = ours.heard('heartbeatFailed').map((failed) => failed.failures);
      expect(failures.length).toBeGreaterThanOrEqual(4);
      expect(failures).toEqual(failures.map((_, i) => i + 1));
      state.odd = false;
      const beats = ours.heard('heartbeat').length;
      await lab.clock.advance(20_000);
      expect(ours.heard('heartbeat').length - beats).toBeGreaterThanOrEqual(3);
      expect(ours.network.calls.register).toBe(1);
    },
  );

  it('R9: the five attempts of a heartbeat end before the node expires', async () => {
    const lab = new Lab();
    const ours = await lab.open();
    for (let i = 0; i < 4; i++) ours.network.failNext('heartbeat', { lose: 'request' });
    await lab.clock.advance(20_000);
    const nodes = await lab.run(ours.client.nodes());
    expect(nodes).toMatchObject([{ alive: true }]);
    expect(ours.heard('heartbeatFailed')).toEqual([]);
  });
});

describe('R9', () => {
  it('R9: neither loop ever overlaps itself, whatever happens to its requests', async () => {
    const lab = new Lab(3);
    const underWay: Record<string, number> = { heartbeat: 0, poll: 0 };
    const most: Record<string, number> = { heartbeat: 0, poll: 0 };
    const counted =
      <Request, Options, Answer>(name: 'heartbeat' | 'poll') =>
      (send: (request: Request, options?: Options) => Promise<Answer>) =>
      async (request: Request & { readonly wait?: number }, options?: Options) => {
        // What a mutation asks for is not the loop's.
        if (request.wait === 0) return send(request, options);
        underWay[name] = (underWay[name] ?? 0) + 1;
        most[name] = Math.max(most[name] ?? 0, underWay[name]);
        try {
          return await send(request, options);
        } finally {
          underWay[name] -= 1;
        }
      };
    const manager = wire(lab.world.fake.transport, {
      heartbeat: counted('heartbeat'),
      poll: counted('poll'),
    });
    const ours = await lab.open({ manager, pollWait: 4_000 });
    const faults: Fault[] = [
      { refuse: true },
      { requestDelay: 900 },
      { answerDelay: 900 },
      { lose: 'request' },
      { error: error('MANAGER_FAILED', 500, true) },
      {},
    ];
    for (let i = 0; i < 300; i++) {
      for (const call of ['heartbeat', 'poll'] satisfies FaultyCall[]) {
        ours.network.failNext(call, faults[Math.floor(lab.world.random() * faults.length)] ?? {});
      }
    }
    for (let i = 0; i < 60; i++) {
      // A poll that is called back, too.
      void ours.client.createDatabase(`d${i}`).catch(() => undefined);
      await lab.clock.advance(3_000);
      if (i % 20 === 10) lab.clock.pause(40_000);
    }
    expect(most).toEqual({ heartbeat: 1, poll: 1 });
    expect(ours.network.calls.heartbeat).toBeGreaterThan(30);
  });
});
