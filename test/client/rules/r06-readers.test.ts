import { type CfluxClient, CfluxError, LocalMetaClient, type MetaData } from 'clusterflux';
import { mockMetaClient } from 'clusterflux/testing';
import { describe, expect, it } from 'vitest';
import { followed, Lab, type LabNode } from './support/lab.js';
import {
  databaseNames,
  databasesOf,
  dataWith,
  forkingKind,
  kindsInPlace,
  numbered,
  type WrappedClient,
  wrappedKinds,
} from './support/wrapped-clients.js';

const refusal = new CfluxError('TOO_LARGE', 'too large', { outcome: 'notApplied' });

/** What the wrapped client is given from now on. */
function writesOf({ meta }: LabNode): MetaData[] {
  const written: MetaData[] = [];
  const setData = meta.setData.bind(meta);
  meta.setData = (data) => {
    written.push(data);
    return setData(data);
  };
  return written;
}

/** A reader asks while a change is on the wire; its result then, and its result when the change is decided. */
async function readDuring(lab: Lab, node: LabNode, outcome: 'accepted' | 'refused') {
  node.network.failNext('push', outcome === 'accepted' ? { answerDelay: 1_000 } : { requestDelay: 1_000 });
  if (outcome === 'refused') node.network.failNext('push', { error: refusal });
  const change = followed(node.client.createDatabase('b'));
  await lab.clock.advance(500);
  const read = followed(node.client.data().then(databaseNames));
  await lab.clock.settle();
  const atOnce = read.value;
  if (outcome === 'refused') node.network.partitioned = true;
  await lab.clock.advance(1_000);
  node.network.partitioned = false;
  await lab.clock.advance(60_000);
  return { atOnce, later: read.value, change };
}

describe('R6 around a client that forks', () => {
  it.each(['accepted', 'refused'] as const)(
    'R6: readers see accepted metadata only, and never wait: a change that will be %s',
    async (outcome) => {
      const lab = new Lab();
      const ours = await lab.open({ meta: forkingKind.make(await dataWith(1n, 'a')) });
      const directly: string[][] = [];
      const { atOnce, change } = await readDuring(lab, ours, outcome);
      directly.push(await databasesOf(ours.meta));
      expect(atOnce).toEqual(['a']);
      expect(change.state).toBe(outcome === 'accepted' ? 'resolved' : 'rejected');
      expect(directly).toEqual([outcome === 'accepted' ? ['a', 'b'] : ['a']]);
    },
  );

  it('R6: what is accepted comes to the wrapped client in one write, whatever it took to get there', async () => {
    const lab = new Lab();
    const ours = await lab.open();
    const written = writesOf(ours);
    ours.network.failNext('push', { lose: 'answer' });
    await lab.run(
      Promise.allSettled([
        ours.client.mutate(numbered('a')),
        ours.client.mutate(async (meta) => {
          await meta.createDatabase('half');
          throw new Error('own mistake');
        }),
        ours.client.mutate(numbered('b')),
      ]),
    );
    expect(written.map(databaseNames)).toEqual([['a#0', 'b#1']]);
    await lab.run(ours.client.createDatabase('a#0'));
    expect(written).toHaveLength(1);
  });
});

describe.each(kindsInPlace)('R6 around $name', (kind) => {
  it.each(['accepted', 'refused'] as const)(
    'R6: readers through CfluxClient wait for the decision of a change that will be %s',
    async (outcome) => {
      const lab = new Lab();
      const ours = await lab.open({ meta: kind.make(await dataWith(1n, 'a')) });
      const { atOnce, later } = await readDuring(lab, ours, outcome);
      expect(atOnce).toBeUndefined();
      expect(later).toEqual(outcome === 'accepted' ? ['a', 'b'] : ['a']);
    },
  );

  it('R6: … and again if the next change started before their turn', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make(await dataWith(1n, 'a')) });
    ours.network.failNext('push', { answerDelay: 1_000 });
    ours.network.failNext('push', { requestDelay: 1_000 });
    const first = ours.client.createDatabase('b');
    await lab.clock.advance(500);
    const read = ours.client.data().then(databaseNames);
    const second = ours.client.mutate((meta) => meta.createDatabase('c'), { timeout: 800 });
    ours.network.failNext('push', { error: refusal });
    const notified = await lab.run(Promise.allSettled([first, second, read]));
    const seen = notified[2].status === 'fulfilled' ? notified[2].value : undefined;
    expect(lab.history.map(({ data }) => databaseNames(data))).toContainEqual(seen);
  });

  it("R6: with reads: 'local' they do not wait, and may see what is taken back", async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make(await dataWith(1n, 'a')), reads: 'local' });
    const { atOnce, change } = await readDuring(lab, ours, 'refused');
    expect(atOnce).toEqual(['a', 'b']);
    expect(change.state).toBe('rejected');
    expect(await databasesOf(ours.meta)).toEqual(['a']);
  });

  it('R6: what the wrapped client is handed is its own, to change as it likes', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make(await dataWith(1n, 'a')) });
    const other = await lab.open();
    await lab.run(other.client.setData(await dataWith(1n)));
    await lab.settle([ours]);
    expect(await databasesOf(ours.meta)).toEqual([]);
    await lab.run(ours.client.createDatabase('b'));
    await lab.settle([other]);
    expect(await databasesOf(other.meta)).toEqual(['b']);
    expect(ours.heard('diverged')).toEqual([]);
  });
});

/** What would wait for the change that it is part of. */
const nested: Record<string, (client: CfluxClient<WrappedClient>) => Promise<unknown>> = {
  mutate: (client) => client.mutate(() => undefined),
  'a mutating method': (client) => client.createDatabase('nested'),
  refresh: (client) => client.refresh(),
  adopt: (client) => client.adopt(),
  reseed: (client) => client.reseed(),
  waitForVersion: (client) => client.waitForVersion(Number.MAX_SAFE_INTEGER),
};

describe.each(wrappedKinds)('R6 around $name', (kind) => {
  it('R6: reads inside mutate go to the client that the operation was handed', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const seen = await lab.run(
      ours.client.mutate(async (meta) => {
        await meta.createDatabase('a');
        const inside = databaseNames(await ours.client.data());
        await Promise.resolve();
        const later = databaseNames(await ours.client.data());
        return [inside, later];
      }),
    );
    expect(seen).toEqual([['a'], ['a']]);
  });

  it.each(Object.entries(nested))(
    'R6: %s inside mutate, which would wait for itself, is refused at once',
    async (_, call) => {
      const lab = new Lab();
      const ours = await lab.open({ meta: kind.make() });
      const begin = lab.clock.monotonic();
      const change = ours.client.mutate(async (meta) => {
        await meta.createDatabase('a');
        return call(ours.client).catch((error: unknown) => error);
      });
      expect(await lab.run(change)).toMatchObject({ code: 'NESTED_MUTATION', outcome: 'notApplied' });
      expect(lab.clock.monotonic()).toBe(begin);
      expect(await databasesOf(ours.meta)).toEqual(['a']);
    },
  );

  it('R6: what an operation left running when it ended is not inside it any more', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    let left: Promise<unknown> = Promise.resolve();
    await lab.run(
      ours.client.mutate(async (meta) => {
        await meta.createDatabase('a');
        left = new Promise<void>((resolve) => lab.clock.after(1_000, resolve)).then(() =>
          ours.client.createDatabase('b'),
        );
      }),
    );
    await lab.run(left);
    expect(databaseNames(lab.newest)).toEqual(['a', 'b']);
  });

  it('R6: an operation may use another client of the process', async () => {
    const lab = new Lab();
    const ours = await lab.open({ meta: kind.make() });
    const elsewhere = await lab.open({ meta: kind.make(), cluster: 'elsewhere' });
    await lab.run(
      ours.client.mutate(async (meta) => {
        await elsewhere.client.createDatabase('theirs');
        await meta.createDatabase('ours');
        return elsewhere.client.data();
      }),
    );
    expect(await databasesOf(ours.meta)).toEqual(['ours']);
    expect(await databasesOf(elsewhere.meta)).toEqual(['theirs']);
  });
});

describe('R6 around a client that calls the client around it', () => {
  let around: CfluxClient<WrappedClient> | undefined;
  let call: (client: CfluxClient<WrappedClient>) => Promise<unknown> = async () => undefined;
  let notified: unknown;
  /** Called by the methods of the wrapped clients below, when they are at it. */
  const callAround = async () => {
    await Promise.resolve();
    notified = around && (await call(around).catch((error: unknown) => error));
  };
  class CallingMetaClient extends LocalMetaClient {
    override async createDatabase(name: string) {
      const made = await super.createDatabase(name);
      await callAround();
      return made;
    }
    override fork(): CallingMetaClient {
      return new CallingMetaClient({ data: this.data() });
    }
  }
  const kinds: Record<string, () => WrappedClient> = {
    'that forks': () => new CallingMetaClient(),
    'that can not fork': () => {
      const mock = mockMetaClient();
      const createDatabase = async (name: string) => {
        const made = await mock.createDatabase(name);
        await callAround();
        return made;
      };
      return { ...mock, createDatabase };
    },
  };
  const cases = Object.entries(kinds).flatMap(([kind, make]) =>
    Object.entries(nested).map(([name, nest]) => ({ kind, make, name, nest })),
  );
  it.each(cases)('R6: $name inside a method of a client $kind is refused at once', async ({ make, nest }) => {
    const lab = new Lab();
    const ours = await lab.open({ meta: make() });
    [around, call, notified] = [ours.client, nest, undefined];
    const begin = lab.clock.monotonic();
    await lab.run(ours.client.createDatabase('a'));
    expect(notified).toMatchObject({ code: 'NESTED_MUTATION', outcome: 'notApplied' });
    expect(lab.clock.monotonic()).toBe(begin);
    expect(await databasesOf(ours.meta)).toEqual(['a']);
  });
});
