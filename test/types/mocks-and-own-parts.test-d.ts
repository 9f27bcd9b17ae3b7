import {
  CfluxClient,
  LocalMetaClient,
  type MetaClient,
  type MetaClientLike,
  type MetaData,
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
  it('an operation gets the very client that was wrapped', () => {
    class Own {
      data = (): MetaData => new LocalMetaClient().data();
      setData(_: MetaData): void {}
      extra = (): string => 'extra';
    }
    const own = new CfluxClient(new Own());
    expectTypeOf(own.mutate((meta) => meta.extra())).resolves.toEqualTypeOf<string>();
    expectTypeOf(own.mutate(async (meta) => meta.setData(meta.data()))).resolves.toEqualTypeOf<void>();
    // @ts-expect-error this one has no createDatabase
    void own.mutate((meta) => meta.createDatabase('x'));
    // The client has the method, and throws at run time that the wrapped client lacks it.
    expectTypeOf(own.createDatabase).parameters.toEqualTypeOf<[string]>();
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
