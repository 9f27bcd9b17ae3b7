import {
  type Awaitable,
  type DatabaseInfo,
  LocalMetaClient,
  type MetaClientLike,
  type MetaData,
} from 'clusterflux';
import { mockMetaClient } from 'clusterflux/testing';
import { LiveMetaClient } from './live-meta-client.js';

/** What every wrapped client of these tests can do. */
export interface WrappedClient extends MetaClientLike {
  createDatabase(name: string): Awaitable<DatabaseInfo>;
}

/** A kind of client that people wrap. */
export interface WrappedKind {
  readonly name: string;
  readonly forks: boolean;
  make(data?: MetaData): WrappedClient;
}

const forking: WrappedKind = {
  name: 'a client that forks',
  forks: true,
  make: (data) => new LocalMetaClient({ bcryptCost: 4, ...(data ? { data } : {}) }),
};

const inPlace: WrappedKind = {
  name: 'a client that can not fork',
  forks: false,
  make: (data) => mockMetaClient(data ? { data } : {}),
};

const live: WrappedKind = {
  name: 'a synchronous client whose data() is a live object',
  forks: false,
  make: (data) => new LiveMetaClient(data),
};

const partial: WrappedKind = {
  name: 'a partial mock',
  forks: false,
  make(data) {
    const { createDatabase, data: read, setData } = mockMetaClient(data ? { data } : {});
    return { createDatabase: async (name) => createDatabase(name), data: async () => read(), setData };
  },
};

/** A client with a `fork` of its own, for example a subclass, so that each change is applied to a fork of the round's fork. */
class Extended extends LocalMetaClient {
  override fork(): Extended {
    return new Extended({ bcryptCost: 4, data: this.data() });
  }
}

const extended: WrappedKind = {
  name: 'a client with its own forks',
  forks: true,
  make: (data) => new Extended({ bcryptCost: 4, ...(data ? { data } : {}) }),
};

export const wrappedKinds: readonly WrappedKind[] = [forking, inPlace, live, partial];
export const forkingKind = forking;
/** Both ways of applying a change to a fork. */
export const forkingKinds = [forking, extended];
export const inPlaceKind = inPlace;
/** Whose changes are made on the wrapped client itself. */
export const kindsInPlace = wrappedKinds.filter(({ forks }) => !forks);

/** Empty metadata with databases of these names. */
export async function dataWith(clusterId: bigint, ...databases: string[]): Promise<MetaData> {
  const store = new LocalMetaClient({ clusterId });
  for (const name of databases) await store.createDatabase(name);
  return store.data();
}

/** Databases of the wrapped client, as it is now. */
export async function databasesOf(meta: Pick<MetaClientLike, 'data'>): Promise<string[]> {
  return databaseNames(await meta.data());
}

export const databaseNames = (data: MetaData) => data.databases.map(({ name }) => name);

/** A change that shows when it was made twice: the name holds how many databases there were. */
export const numbered = (id: string) => async (meta: WrappedClient) => {
  const { length } = (await meta.data()).databases;
  await meta.createDatabase(`${id}#${length}`);
  return length;
};
