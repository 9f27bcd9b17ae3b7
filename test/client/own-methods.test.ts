import { inspect } from 'node:util';
import { CfluxClient, LocalMetaClient, type MetaClientLike } from 'clusterflux';
import { FakeManager, FaultyTransport, mockMetaClient } from 'clusterflux/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Deferred } from '../../src/async/deferred.js';

async function wrap<M extends MetaClientLike>(meta: M, fake = new FakeManager()) {
  const network = new FaultyTransport(fake.transport);
  const client = new CfluxClient(meta, { transport: network, retry: { attempts: 1 } });
  onTestFinished(async () => {
    await client.close();
    await fake.close();
  });
  await client.open();
  return { client, network, fake };
}

/** An engineer's own client: methods of its own besides those of the meta client, and one that is replaced. */
class Audited extends LocalMetaClient {
  #created: string[] = [];
  readonly double = (value: number) => value * 2;

  override async createDatabase(name: string) {
    const database = await super.createDatabase(name);
    this.#created.push(name);
    return database;
  }

  created(prefix: string): readonly string[] {
    return this.#created.filter((name) => name.startsWith(prefix));
  }

  async createPair(name: string): Promise<number> {
    await this.createDatabase(`${name}-1`);
    await this.createDatabase(`${name}-2`);
    return 2;
  }

  fail(): never {
    throw new RangeError('mine');
  }

  status(): string {
    return 'a name of the client itself';
  }
}

describe('methods that only the wrapped client has', () => {
  it('are methods of the client, called on the wrapped client, as promises', async () => {
    const { client } = await wrap(new Audited());
    await client.createDatabase('a');
    const created = client.created('a');
    expect(created).toBeInstanceOf(Promise);
    expect(await created).toEqual(['a']);
    expect(await client.double(2)).toBe(4);
    await expect(client.fail()).rejects.toThrow(RangeError);
  });

  it('do not hide what the client has itself, and do not make it a promise', async () => {
    // biome-ignore lint/suspicious/noThenProperty: that is the case
    const thenable = Object.assign(mockMetaClient(), { then: () => {}, nodes: () => 'mine' });
    const { client } = await wrap(thenable);
    expect(await client).toBe(client);
    expect(await client.nodes()).toHaveLength(1);
    const { client: audited } = await wrap(new Audited());
    expect(audited.status.state).toBe('online');
    expect('fork' in audited || 'hashPassword' in audited).toBe(false);
  });

  it('are looked up when they are called', async () => {
    const meta = Object.assign(mockMetaClient(), { word: (): string => 'first' });
    const { client } = await wrap(meta);
    meta.word = () => 'second';
    expect(await client.word()).toBe('second');
  });

  it('R6: wait while a change of a client that cannot fork is undecided', async () => {
    const mock = mockMetaClient();
    const begun = new Deferred<void>();
    const goOn = new Deferred<void>();
    const meta = {
      ...mock,
      createDatabase: async (name: string) => {
        const database = await mock.createDatabase(name);
        begun.resolve();
        await goOn.promise;
        return database;
      },
      names: async () => (await mock.databases()).map(({ name }) => name),
    };
    const { client, network } = await wrap(meta);
    network.failNext('push', { refuse: true });
    const changing = client.createDatabase('refused').catch((error: unknown) => error);
    await begun.promise;
    const names = client.names();
    goOn.resolve();
    expect(await changing).toMatchObject({ code: 'UNREACHABLE' });
    expect(await names).toEqual([]);
  });

  it('R1: a change that one makes directly is reported, not pushed; within mutate it is pushed', async () => {
    const { client, fake } = await wrap(new Audited());
    const diverged: unknown[] = [];
    client.on('diverged', (payload) => diverged.push(payload));
    await client.createPair('direct');
    await client.createDatabase('b');
    expect(diverged).toHaveLength(1);
    expect(await client.mutate((meta) => meta.createPair('shared'))).toBe(2);
    const { client: other } = await wrap(new LocalMetaClient(), fake);
    expect((await other.databases()).map(({ name }) => name)).toEqual(['b', 'shared-1', 'shared-2']);
  });
});

describe('a subclass of LocalMetaClient without its own fork', () => {
  it('R6: runs changes with its own methods, and reads wait for their outcome', async () => {
    const meta = new Audited();
    const { client, network } = await wrap(meta);
    await client.mutate((its) => its.createPair('a'));
    expect(meta.created('')).toEqual(['a-1', 'a-2']);
    network.failNext('push', { refuse: true });
    await expect(client.createDatabase('b')).rejects.toMatchObject({ code: 'UNREACHABLE' });
    expect(meta.databases().map(({ name }) => name)).toEqual(['a-1', 'a-2']);
  });
});

describe('a client of a partial mock', () => {
  it('rejects a method that the mock lacks, for callers without types', async () => {
    const { data, setData } = mockMetaClient();
    const { client } = await wrap({ data, setData });
    const untyped: unknown = Reflect.get(client, 'createDatabase');
    expect(untyped).toBeTypeOf('function');
    const created: unknown = Reflect.apply(untyped as () => unknown, client, ['a']);
    await expect(created).rejects.toMatchObject({
      code: 'UNSUPPORTED_METHOD',
      message: 'the wrapped meta client has no method createDatabase()',
    });
  });
});

describe('the class CfluxClient', () => {
  it('can be extended: overridden methods are used, and super is the method of the client', async () => {
    const audit: string[] = [];
    class AuditedClient extends CfluxClient<LocalMetaClient> {
      override readonly createDatabase = async (name: string) => {
        audit.push(name);
        return super.createDatabase(name);
      };
    }
    const fake = new FakeManager();
    await using client = new AuditedClient(new LocalMetaClient(), { transport: fake.transport });
    await client.open();
    expect((await client.createDatabase('a')).name).toBe('a');
    expect(audit).toEqual(['a']);
    expect(client).toBeInstanceOf(CfluxClient);
    await fake.close();
  });

  it('has its name where errors and logs show it', () => {
    const client = new CfluxClient(mockMetaClient());
    expect(CfluxClient.prototype.constructor.name).toBe('CfluxClient');
    expect(inspect(client)).toMatch(/^CfluxClient /);
  });
});

describe('R1: one meta client in two clients', () => {
  it('is refused while the first one is open, and changes nothing', async () => {
    const meta = new LocalMetaClient();
    const { client, fake } = await wrap(meta);
    const second = new CfluxClient(meta, { transport: fake.transport });
    await expect(second.open()).rejects.toMatchObject({
      code: 'INVALID_OPTION',
      message: expect.stringContaining('wraps the same meta client'),
    });
    await second.close();
    await client.createDatabase('a');
    expect(await client.nodes()).toHaveLength(1);
  });

  it('is accepted after the first one was closed, or failed to open', async () => {
    const meta = new LocalMetaClient();
    const fake = new FakeManager();
    onTestFinished(() => fake.close());
    const network = new FaultyTransport(fake.transport);
    const failed = new CfluxClient(meta, { transport: network, retry: { attempts: 1 } });
    network.failNext('register', { refuse: true });
    await expect(failed.open()).rejects.toMatchObject({ code: 'UNREACHABLE' });
    for (const name of ['a', 'b']) {
      const client = new CfluxClient(meta, { transport: fake.transport });
      await client.open();
      await client.createDatabase(name);
      await client.close();
    }
    expect(meta.databases()).toHaveLength(2);
  });
});
