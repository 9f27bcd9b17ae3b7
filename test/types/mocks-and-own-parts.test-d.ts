import {
  CfluxClient,
  CfluxClientMembers,
  type CfluxOptions,
  type DatabaseInfo,
  LocalMetaClient,
  type MetaClient,
  type MetaClientLike,
  type MetaData,
  type NodeInfo,
  type Transport,
} from 'clusterflux';
import { InfluxMirror, importUnmanaged } from 'clusterflux/influxdb';
import { LocalTransport, Manager, type ManagerStore, MemoryStore } from 'clusterflux/manager';
import {
  FakeManager,
  FaultyTransport,
  type MockMetaClient,
  metaClientContract,
  mockMetaClient,
  storeContract,
  transportContract,
} from 'clusterflux/testing';
import { describe, expectTypeOf, it } from 'vitest';

const fake = new FakeManager();
const client = new CfluxClient(new LocalMetaClient(), { transport: fake.transport });

describe('types of mocks', () => {
  it('a client of a mock is accepted as a client', () => {
    const mocked = new CfluxClient(mockMetaClient(), { transport: fake.transport });
    expectTypeOf(mocked.meta).toEqualTypeOf<MockMetaClient>();
    expectTypeOf(mocked).toExtend<CfluxClient>();
    expectTypeOf(mocked).toExtend<CfluxClient<MetaClientLike>>();
    expectTypeOf(client).toExtend<CfluxClient>();
    // @ts-expect-error not the other way round: a client of any meta client has no record of calls
    const narrowed: CfluxClient<MockMetaClient> = client;
    expectTypeOf(narrowed).toHaveProperty('meta');
  });

  it('an overridden method has the types of the method', () => {
    mockMetaClient({ overrides: { createDatabase: () => Promise.reject(new Error('no')) } });
    // @ts-expect-error a database is an object
    mockMetaClient({ overrides: { createDatabase: () => 'db0' } });
    // @ts-expect-error there is no such method
    mockMetaClient({ overrides: { makeDatabase: () => undefined } });
  });
});

describe('types of own meta clients', () => {
  class Own {
    data = (): MetaData => new LocalMetaClient().data();
    setData(_: MetaData): void {}
    database = async (_name: string, _isExact?: boolean): Promise<undefined> => undefined;
    extra = (word: string): string => word;
    readonly size = 1;
    // A name of the client itself, and one that would make the client a promise.
    nodes = (): number => 1;
    // biome-ignore lint/suspicious/noThenProperty: that is the case
    then = (): void => {};
  }
  const own = new CfluxClient(new Own());

  it('an operation gets the very client that was wrapped', () => {
    expectTypeOf(own.mutate((meta) => meta.extra('x'))).resolves.toEqualTypeOf<string>();
    expectTypeOf(own.mutate(async (meta) => meta.setData(meta.data()))).resolves.toEqualTypeOf<void>();
    // @ts-expect-error this one has no createDatabase
    void own.mutate((meta) => meta.createDatabase('x'));
  });

  it('the client has exactly the methods of the wrapped client, as promises, besides its own', () => {
    expectTypeOf(own.data).toEqualTypeOf<() => Promise<MetaData>>();
    expectTypeOf(own.setData).toEqualTypeOf<(data: MetaData) => Promise<void>>();
    expectTypeOf(own.database).toEqualTypeOf<(name: string, isExact?: boolean) => Promise<undefined>>();
    expectTypeOf(own.extra).toEqualTypeOf<(word: string) => Promise<string>>();
    expectTypeOf(own.nodes()).resolves.toEqualTypeOf<readonly NodeInfo[]>();
    expectTypeOf(own.meta).toEqualTypeOf<Own>();
    // @ts-expect-error the wrapped client has no createDatabase
    void own.createDatabase('x');
    // @ts-expect-error a property is no method
    void own.size;
    expectTypeOf(own).not.toHaveProperty('then');
    expectTypeOf(client).not.toHaveProperty('fork');
    expectTypeOf(client).not.toHaveProperty('hashPassword');
    // @ts-expect-error a client of a partial mock is not one of a whole meta client
    expectTypeOf(own).toExtend<CfluxClient>();
  });

  it('methods that a type declares optional are optional', () => {
    const some = new CfluxClient<MetaClientLike>(new LocalMetaClient());
    expectTypeOf(some.createDatabase).toEqualTypeOf<CfluxClient['createDatabase'] | undefined>();
    // @ts-expect-error it may be missing
    void some.createDatabase('x');
    expectTypeOf(some.data()).resolves.toEqualTypeOf<MetaData>();
  });

  it('the client can be extended, and recognized by instanceof', () => {
    class Audited extends CfluxClient<LocalMetaClient> {
      override readonly createDatabase = async (name: string): Promise<DatabaseInfo> =>
        super.createDatabase(name);

      async createTwo(): Promise<void> {
        await this.createDatabase('a');
        await super.createDatabase('b');
      }
    }
    const audited = new Audited(new LocalMetaClient(), { cluster: 'prod' });
    expectTypeOf(audited.meta).toEqualTypeOf<LocalMetaClient>();
    expectTypeOf(audited).toExtend<CfluxClient>();
    expectTypeOf(audited.on('closed', () => {})).toEqualTypeOf<Audited>();
    class Plain extends CfluxClient {}
    expectTypeOf(new Plain(new LocalMetaClient()).databases()).resolves.toExtend<readonly DatabaseInfo[]>();
    const unknown: unknown = client;
    if (unknown instanceof CfluxClient) {
      expectTypeOf(unknown).toExtend<CfluxClient>();
      expectTypeOf(unknown.createDatabase('a')).resolves.toEqualTypeOf<DatabaseInfo>();
    }
    const either = (value: typeof own | string) => {
      if (value instanceof CfluxClient) expectTypeOf(value).toEqualTypeOf<typeof own>();
      else expectTypeOf(value).toEqualTypeOf<string>();
    };
    either('text');
  });

  describe('a generic subclass', () => {
    class Audited<T extends MetaClient> extends CfluxClientMembers<T> {
      async createTwo(): Promise<DatabaseInfo> {
        await this.createDatabase('a');
        await this.mutate((meta) => meta.createDatabase('b'));
        return super.createDatabase('c');
      }
    }
    class Wide<T extends MetaClientLike> extends CfluxClientMembers<T> {
      constructor(meta: T, options?: CfluxOptions) {
        super(meta, options);
        // @ts-expect-error it may be missing
        void this.createDatabase('x');
        expectTypeOf(this.data()).resolves.toExtend<MetaData>();
      }
    }

    it('extends CfluxClientMembers, and may call every method', () => {
      const audited = new Audited(new LocalMetaClient());
      expectTypeOf(audited.createTwo()).resolves.toEqualTypeOf<DatabaseInfo>();
      expectTypeOf(audited.meta).toEqualTypeOf<LocalMetaClient>();
      expectTypeOf(audited.createDatabase).toEqualTypeOf<(name: string) => Promise<DatabaseInfo>>();
      expectTypeOf(audited).toExtend<CfluxClient>();
      expectTypeOf(new Audited(mockMetaClient())).toExtend<CfluxClient>();
      // @ts-expect-error a class that takes whole meta clients takes no partial ones
      new Audited(new Own());
    });

    it('lacks what a partial client lacks', () => {
      const wide = new Wide(new Own());
      expectTypeOf(wide.database('x')).resolves.toEqualTypeOf<undefined>();
      // @ts-expect-error the wrapped client has no createDatabase
      void wide.createDatabase('x');
      // @ts-expect-error a client of a partial mock is not one of a whole meta client
      expectTypeOf(wide).toExtend<CfluxClient>();
      expectTypeOf(new Wide(new LocalMetaClient())).toExtend<CfluxClient>();
    });

    it('cannot extend CfluxClient, because the own methods of a type that is not known yet are no members', () => {
      // @ts-expect-error a base class must have statically known members
      class Impossible<T extends MetaClient> extends CfluxClient<T> {}
      expectTypeOf(Impossible).toBeConstructibleWith(new LocalMetaClient());
    });

    it('may be used like any client in a generic function', () => {
      const open = <T extends MetaClient>(meta: T): CfluxClient<T> => new CfluxClient(meta);
      expectTypeOf(open(new LocalMetaClient()).createDatabase('a')).resolves.toEqualTypeOf<DatabaseInfo>();
      const create = <T extends MetaClient>(any: CfluxClient<T>): Promise<DatabaseInfo> =>
        any.createDatabase('a');
      expectTypeOf(create(client)).resolves.toEqualTypeOf<DatabaseInfo>();
    });
  });

  it('the contract takes any meta client', () => {
    expectTypeOf(metaClientContract).toBeCallableWith({ open: () => ({ client: new LocalMetaClient() }) });
    expectTypeOf<LocalMetaClient>().toExtend<MetaClient>();
    // @ts-expect-error not open without a client
    metaClientContract({ open: () => ({}) });
  });
});

describe('types of own transports and stores', () => {
  it('everything that is given as one is one', () => {
    expectTypeOf(new LocalTransport(new Manager({ store: new MemoryStore() }))).toExtend<Transport>();
    expectTypeOf(new FaultyTransport(fake.transport)).toExtend<Transport>();
    expectTypeOf(fake.transport).toEqualTypeOf<Transport>();
    expectTypeOf(transportContract).toBeCallableWith(() => ({
      transport: fake.transport,
      close: () => undefined,
    }));
    const store: ManagerStore = new MemoryStore();
    expectTypeOf(storeContract).toBeCallableWith({ place: () => ({ connect: () => store }) });
    // @ts-expect-error a store must be given
    new Manager({});
    // @ts-expect-error a transport has six calls
    new CfluxClient(new LocalMetaClient(), { transport: { poll: fake.transport.poll } });
  });

  it('a mirror follows a client', () => {
    const mirror = new InfluxMirror({ url: 'http://127.0.0.1:8086' });
    expectTypeOf(mirror.follow).toBeCallableWith(client);
    expectTypeOf(importUnmanaged).toBeCallableWith(mirror, client, { ifEmpty: true });
    // @ts-expect-error report or apply
    new InfluxMirror({ url: 'http://127.0.0.1:8086', drops: 'yes' });
  });
});
