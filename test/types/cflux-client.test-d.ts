import {
  CfluxClient,
  type CfluxError,
  type CfluxEvents,
  type CfluxOptions,
  type DatabaseInfo,
  isCfluxError,
  LocalMetaClient,
  type MetaClient,
  type MetaData,
  type ShardGroupInfo,
  type UserInfo,
} from 'clusterflux';
import { describe, expectTypeOf, it } from 'vitest';

const client = new CfluxClient(new LocalMetaClient());

describe('types of CfluxClient', () => {
  it('has every method of MetaClient but its lifecycle, as promises', () => {
    expectTypeOf(client.createDatabase).toEqualTypeOf<(name: string) => Promise<DatabaseInfo>>();
    expectTypeOf(client.database('x')).resolves.toEqualTypeOf<DatabaseInfo | undefined>();
    expectTypeOf(client.createShardGroup).parameters.toEqualTypeOf<[string, string, bigint]>();
    expectTypeOf(client.createShardGroup('d', 'p', 0n)).resolves.toEqualTypeOf<ShardGroupInfo | undefined>();
    expectTypeOf(client.user('x')).resolves.toEqualTypeOf<UserInfo>();
    expectTypeOf<Exclude<keyof MetaClient, keyof typeof client>>().toBeNever();
    // @ts-expect-error a name is a string
    client.createDatabase(1);
  });

  it('passes the wrapped client to an operation, and resolves with its result', () => {
    expectTypeOf(client.mutate((meta) => meta.clusterId())).resolves.toEqualTypeOf<bigint>();
    void client.mutate((meta) => expectTypeOf(meta).toEqualTypeOf<LocalMetaClient>());
    expectTypeOf(client.meta).toEqualTypeOf<LocalMetaClient>();
    expectTypeOf(client.mutate(async () => 'text')).resolves.toEqualTypeOf<string>();
  });

  it('wraps a mock that has no more than data and setData, and a client of one’s own', () => {
    const least = {
      data: async (): Promise<MetaData> => Promise.reject(),
      setData: (_: MetaData) => undefined,
    };
    expectTypeOf(new CfluxClient(least).meta).toEqualTypeOf<typeof least>();
    class Own extends LocalMetaClient {
      extra(): number {
        return 1;
      }
    }
    expectTypeOf(new CfluxClient(new Own()).mutate((meta) => meta.extra())).resolves.toEqualTypeOf<number>();
    expectTypeOf(new CfluxClient(new Own()).extra()).resolves.toEqualTypeOf<number>();
    // @ts-expect-error it can not be set
    new CfluxClient({ data: least.data });
    // @ts-expect-error createDatabase resolves with a database
    new CfluxClient({ ...least, createDatabase: () => 1 });
  });

  it('knows the payload of every event', () => {
    client.on('pushed', (payload) => expectTypeOf(payload).toEqualTypeOf<CfluxEvents['pushed'][0]>());
    client.once('syncFailed', ({ error }) => expectTypeOf(error).toEqualTypeOf<CfluxError>());
    client.on('closed', (...payload) => expectTypeOf(payload).toEqualTypeOf<[]>());
    // @ts-expect-error there is no such event
    client.on('nothing', () => undefined);
    // @ts-expect-error pushed has no name
    client.on('pushed', ({ name }) => name);
    expectTypeOf(client.on('closed', () => undefined)).toEqualTypeOf<typeof client>();
  });

  it('checks options', () => {
    expectTypeOf<{ cluster: 'x'; endpoint: string[] }>().toExtend<CfluxOptions>();
    // @ts-expect-error reads are accepted or local
    new CfluxClient(new LocalMetaClient(), { reads: 'any' });
    // @ts-expect-error there is no such option
    new CfluxClient(new LocalMetaClient(), { clusters: 'x' });
  });

  it('narrows an unknown error', () => {
    const error: unknown = undefined;
    if (isCfluxError(error, 'TIMEOUT')) expectTypeOf(error).toExtend<CfluxError>();
  });
});
