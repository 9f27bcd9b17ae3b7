import {
  type ContinuousQueryInfo,
  type DatabaseInfo,
  LocalMetaClient,
  type MetaData,
  type UserInfo,
} from 'clusterflux';

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };
type LiveDatabase = Writable<Omit<DatabaseInfo, 'continuousQueries'>> & {
  continuousQueries: Writable<ContinuousQueryInfo>[];
};
type LiveData = Writable<Omit<MetaData, 'databases' | 'users'>> & {
  databases: LiveDatabase[];
  users: UserInfo[];
};

/**
 * A careless client, as people write them: one object that it changes in place, hands out by `data()` and takes over from
 * `setData()`; everything directly, nothing as a promise.
 */
export class LiveMetaClient {
  #data: LiveData;

  constructor(data: MetaData = new LocalMetaClient().data()) {
    this.#data = structuredClone(data) as LiveData;
  }

  data(): MetaData {
    return this.#data;
  }

  setData(data: MetaData): void {
    this.#data = data as LiveData;
  }

  createDatabase(name: string): DatabaseInfo {
    const existing = this.#data.databases.find((database) => database.name === name);
    if (existing) return existing;
    const created = { name, defaultRetentionPolicy: '', retentionPolicies: [], continuousQueries: [] };
    this.#data.databases.push(created);
    this.#data.index += 1n;
    return created;
  }

  dropDatabase(name: string): void {
    const position = this.#data.databases.findIndex((database) => database.name === name);
    if (position >= 0) this.#data.databases.splice(position, 1);
  }

  /** Changes a record that was there, deep down. */
  setQuery(database: string, name: string, query: string): void {
    const queries = this.#data.databases.find((each) => each.name === database)?.continuousQueries;
    const existing = queries?.find((each) => each.name === name);
    if (existing) existing.query = query;
    else queries?.push({ name, query });
  }
}
