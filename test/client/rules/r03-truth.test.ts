import { CfluxError, encodeMetadata } from 'clusterflux';
import type { Fault } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';
import { Lab, type LabNode, reasonOf } from './support/lab.js';
import { PlainManager } from './support/plain-manager.js';
import { wire } from './support/wire.js';
import {
  databaseNames,
  databasesOf,
  dataWith,
  forkingKinds,
  kindsInPlace,
  numbered,
  type WrappedClient,
  wrappedKinds,
} from './support/wrapped-clients.js';

const five = (fault: Fault): Fault[] => Array.from({ length: 5 }, () => fault);
const refusal = new CfluxError('UNAVAILABLE', 'busy', {
  retryable: true,
  outcome: 'notApplied',
  status: 503,
});
const balancer = new CfluxError('MANAGER_FAILED', 'bad gateway', {
  retryable: true,
  outcome: 'unknown',
  status: 502,
});

/** The error of a failed push, by the faults of its attempts. */
const matrix: {
  when: string;
  attempts: Fault[];
  code: string;
  outcome: 'notApplied' | 'unknown';
  stored?: true;
}[] = [
  {
    when: 'no connection was made',
    attempts: five({ refuse: true }),
    code: 'UNREACHABLE',
    outcome: 'notApplied',
  },
  {
    when: 'the manager refused for good',
    attempts: [{ error: new CfluxError('TOO_LARGE', 'too large', { outcome: 'notApplied', status: 413 }) }],
    code: 'TOO_LARGE',
    outcome: 'notApplied',
  },
  {
    when: 'the manager refused five times',
    attempts: five({ error: refusal }),
    code: 'UNAVAILABLE',
    outcome: 'notApplied',
  },
  {
    when: 'a balancer answered 502 and the request never came',
    attempts: five({ error: balancer }),
    code: 'UNKNOWN_OUTCOME',
    outcome: 'unknown',
  },
  {
    when: 'every request was lost',
    attempts: five({ lose: 'request' }),
    code: 'UNKNOWN_OUTCOME',
    outcome: 'unknown',
  },
  {
    when: 'every answer was lost',
    attempts: five({ lose: 'answer' }),
    code: 'UNKNOWN_OUTCOME',
    outcome: 'unknown',
    stored: true,
  },
  {
    when: 'an answer was lost, and then no connection was made',
    attempts: [{ lose: 'answer' }, ...five({ refuse: true })],
    code: 'UNKNOWN_OUTCOME',
    outcome: 'unknown',
    stored: true,
  },
  {
    when: 'an answer was lost, and then the manager refused',
    attempts: [{ lose: 'answer' }, ...five({ error: refusal })],
    code: 'UNKNOWN_OUTCOME',
    outcome: 'unknown',
    stored: true,
  },
  {
    when: 'the transport says nothing of the outcome',
    attempts: five({ error: new CfluxError('UNEXPECTED', 'what?') }),
    code: 'UNKNOWN_OUTCOME',
    outcome: 'unknown',
  },
];

describe.each(wrappedKinds)('R3 around $name', (kind) => {
  it.each(matrix)('R3: $code when $when', async ({ attempts, code, outcome, stored }) => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make(await dataWith(1n, 'before')) });
    for (const attempt of attempts) ours.network.failNext('push', attempt);
    const { error, databases } = await lab.run(rejected(ours, numbered('a')));
    expect(error).toMatchObject({ code, outcome });
    expect(databases, 'the wrapped client, the moment the caller was told').toEqual(['before']);
    expect(lab.history.some(({ data }) => databaseNames(data).includes('a#1'))).toBe(stored === true);
    expect(ours.heard('rolledBack')).toMatchObject([{ error: { code }, mutations: 1 }]);
    await lab.clock.advance(0);
    expect(await databasesOf(ours.meta), 'after an unknown outcome it asks at once').toEqual(
      stored ? ['before', 'a#1'] : ['before'],
    );
  });

  it('R3: UNKNOWN_OUTCOME when the deadline came while it was on the wire', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make(await dataWith(1n, 'before')) });
    for (const delay of five({ answerDelay: 60_000 })) ours.network.failNext('push', delay);
    const { error, databases } = await lab.run(rejected(ours, numbered('a'), { timeout: 1_000 }));
    expect(error).toMatchObject({ code: 'UNKNOWN_OUTCOME', outcome: 'unknown', cause: { code: 'TIMEOUT' } });
    expect(databases).toEqual(['before']);
  });

  it('R3: a 409 with another node’s mutation: the change is not in the history, though the bytes are equal and a response was lost', async () => {
    const lab = new Lab();
    const { transport } = lab.world.fake;
    let attempts = 0;
    // The first attempt never arrives; another node pushes the same bytes.
    const twin = wire(transport, {
      push: (send) => async (request, options) => {
        attempts += 1;
        if (attempts !== 2) return send(request, options);
        await send({ ...request, mutation: 'somebody-else', nodeId: 999 }, options);
        throw balancer;
      },
    });
    const ours = await lab.open({ meta: kind.make(), manager: twin });
    await lab.run(ours.client.mutate(numbered('a')));
    expect(databaseNames(lab.newest)).toEqual(['a#0', 'a#1']);
    expect(ours.heard('conflict')).toHaveLength(1);
  });

  it('R3: a 412 after a lost response leaves the outcome unknown', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    ours.network.failNext('push', { lose: 'answer' });
    const change = reasonOf(ours.client.mutate(numbered('a')));
    await lab.clock.advance(100);
    await lab.world.wipeManager();
    expect(await lab.run(change)).toMatchObject({ code: 'UNKNOWN_OUTCOME', outcome: 'unknown' });
  });
});

describe.each([...forkingKinds, ...kindsInPlace])('R3 around $name', (kind) => {
  it('R3: rejects with the change’s own error when it throws half-way, and nothing of it remains', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make(await dataWith(1n, 'before')) });
    const mistake = new Error('own mistake');
    const { error, databases } = await lab.run(
      rejected(ours, async (meta) => {
        await meta.createDatabase('half');
        throw mistake;
      }),
    );
    expect(error).toBe(mistake);
    expect(databases).toEqual(['before']);
    expect(lab.history).toHaveLength(1);
  });

  it('R3: no part of a change that threw half-way remains among the others of its round', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const changes = [
      ours.client.mutate(numbered('a')),
      ours.client.mutate(async (meta) => {
        await meta.createDatabase('half');
        throw new Error('own mistake');
      }),
      ours.client.mutate(numbered('b')),
    ];
    await lab.run(Promise.allSettled(changes));
    expect(databaseNames(lab.newest)).toEqual(['a#0', 'b#1']);
    expect(await databasesOf(ours.meta)).toEqual(['a#0', 'b#1']);
  });
});

describe.each(kindsInPlace)('R3 around $name', (kind) => {
  /** The next write of the wrapped client fails. */
  const failNextWrite = ({ meta }: LabNode) => {
    const setData = meta.setData.bind(meta);
    meta.setData = () => {
      meta.setData = setData;
      throw new Error('no space left on device');
    };
  };

  it('R3: a change that threw half-way is not pushed with others if it could not be rolled back', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    failNextWrite(ours);
    const changes = [
      ours.client.mutate(async (meta) => {
        await meta.createDatabase('half');
        throw new Error('own mistake');
      }),
      ours.client.mutate(numbered('a')),
    ];
    const notified = await lab.run(Promise.allSettled(changes));
    expect(notified).toMatchObject([
      { status: 'rejected' },
      { reason: { message: 'no space left on device' } },
    ]);
    await lab.run(ours.client.mutate(numbered('b')));
    expect(databaseNames(lab.newest)).toEqual(['b#0']);
    expect(await databasesOf(ours.meta)).toEqual(['b#0']);
  });

  it('R3: if a refused change cannot be rolled back, the error is still correct, and the change is removed before the next round', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    failNextWrite(ours);
    ours.network.failNext('push', {
      error: new CfluxError('TOO_LARGE', 'too large', { outcome: 'notApplied' }),
    });
    expect(await lab.run(reasonOf(ours.client.mutate(numbered('a'))))).toMatchObject({ code: 'TOO_LARGE' });
    expect(ours.heard('syncFailed')).toMatchObject([{ error: { code: 'STORAGE_FAILED' } }]);
    // No reader waits for ever.
    await lab.run(ours.client.data());
    await lab.run(ours.client.mutate(numbered('b')));
    expect(databaseNames(lab.newest)).toEqual(['b#0']);
    expect(await databasesOf(ours.meta)).toEqual(['b#0']);
  });
});

describe.each(wrappedKinds)('R3 with a legacy manager, around $name', (kind) => {
  it('R3: a 409 with our own bytes after a lost response is our success', async () => {
    const lab = new Lab();
    const manager = new PlainManager(lab.clock);
    const ours = await lab.open({ meta: kind.make(), manager });
    const before = manager.versions.length;
    ours.network.failNext('push', { lose: 'answer' });
    await lab.run(ours.client.mutate(numbered('a')));
    expect(manager.versions).toHaveLength(before + 1);
    expect(await databasesOf(ours.meta)).toEqual(['a#0']);
    expect(ours.client.status.version).toBe(manager.latest?.version);
    await lab.run(ours.client.mutate(numbered('b')));
    expect(await databasesOf(ours.meta)).toEqual(['a#0', 'b#1']);
  });

  it('R3: a 409 with other bytes after a lost response leaves the outcome unknown, and nothing is applied twice', async () => {
    const lab = new Lab();
    const manager = new PlainManager(lab.clock);
    const ours = await lab.open({ meta: kind.make(await dataWith(1n, 'before')), manager });
    ours.network.failNext('push', { lose: 'answer' });
    const rejection = rejected(ours, numbered('a'));
    await lab.clock.advance(100);
    manager.store(encodeMetadata(await dataWith(1n, 'before', 'a#1', 'b')));
    const { error, databases } = await lab.run(rejection);
    expect(error).toMatchObject({ code: 'UNKNOWN_OUTCOME', outcome: 'unknown' });
    expect(databases).toEqual(['before']);
    await lab.clock.advance(0);
    expect(await databasesOf(ours.meta)).toEqual(['before', 'a#1', 'b']);
    expect(manager.pushes).toHaveLength(3);
  });

  it('R3: reseed() whose response was lost stores one version, and a 409 with its own bytes is its success', async () => {
    const lab = new Lab();
    const manager = new PlainManager(lab.clock);
    const ours = await lab.open({ meta: kind.make(await dataWith(1n, 'before')), manager });
    const before = manager.versions.length;
    ours.network.failNext('push', { lose: 'answer' });
    await lab.run(ours.client.reseed());
    expect(manager.versions).toHaveLength(before + 1);
    expect(ours.client.status.version).toBe(manager.latest?.version);
  });

  it('R3: reseed() does not replace the version that followed a push whose response was lost; its outcome is unknown', async () => {
    const lab = new Lab();
    const manager = new PlainManager(lab.clock);
    const ours = await lab.open({ meta: kind.make(await dataWith(1n, 'before')), manager });
    const pushes = manager.pushes.length;
    ours.network.failNext('push', { lose: 'answer' });
    const rejection = reasonOf(ours.client.reseed());
    await lab.clock.advance(100);
    manager.store(encodeMetadata(await dataWith(1n, 'before', 'b')));
    expect(await lab.run(rejection)).toMatchObject({ code: 'UNKNOWN_OUTCOME', outcome: 'unknown' });
    expect(manager.pushes).toHaveLength(pushes + 2);
    await lab.run(ours.client.refresh());
    expect(await databasesOf(ours.meta)).toEqual(['before', 'b']);
  });

  it('R3: a node that seeds a manager which lost its data recognizes its own version after a lost response', async () => {
    const lab = new Lab();
    const manager = new PlainManager(lab.clock, 'first');
    // It has epochs, and does not know mutation ids.
    const withoutMutations = wire(manager, {
      push: (send) => async (request, options) => {
        const result = await send(request, options);
        if (result.kind !== 'conflict') return result;
        const { mutation: _, ...conflict } = result;
        return conflict;
      },
    });
    const meta = kind.make(await dataWith(1n, 'before'));
    const ours = await lab.open({ meta, manager: withoutMutations });
    manager.restore([], 'second');
    ours.network.failNext('push', { lose: 'answer' });
    await lab.run(ours.client.refresh());
    expect(manager.versions).toHaveLength(1);
    expect(ours.heard('epochChanged')).toMatchObject([{ epoch: 'second', version: 1, seeded: true }]);
  });

  it('R3: a 409 with our own bytes is another node’s push if no response was lost', async () => {
    const lab = new Lab();
    const manager = new PlainManager(lab.clock);
    let isFirst = true;
    const twin = wire(manager, {
      push: (send) => async (request, options) => {
        if (request.version !== 0 && isFirst) {
          isFirst = false;
          manager.store(request.snapshot);
        }
        return send(request, options);
      },
    });
    const ours = await lab.open({ meta: kind.make(), manager: twin });
    await lab.run(ours.client.mutate(numbered('a')));
    expect(await databasesOf(ours.meta)).toEqual(['a#0', 'a#1']);
    expect(ours.heard('conflict')).toHaveLength(1);
  });
});

/** The error of a change, and the wrapped client's data at the moment its caller gets it. */
async function rejected(
  node: LabNode,
  operation: (meta: WrappedClient) => unknown,
  options?: { timeout: number },
): Promise<{ error: unknown; databases: string[] }> {
  const data = () => node.meta.data();
  return node.client.mutate(operation, options).then(
    () => {
      throw new Error('expected a rejection');
    },
    async (error: unknown) => {
      // Read at once, before anything else gets a turn.
      const now = data();
      return { error, databases: databaseNames(await now) };
    },
  );
}
