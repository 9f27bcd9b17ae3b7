import { decodeMetadata, type MetaData, type OrderedItem } from 'clusterflux';

/** The database whose one continuous query holds the journal: the ids of all mutations that were applied, in their order. */
const journalDatabase = 'journal';
const journalQuery = 'entries';

/** What a mutation of the model needs of a meta client. */
interface JournalClient {
  createDatabase(name: string): unknown;
  database(name: string): unknown;
  dropContinuousQuery(database: string, name: string): unknown;
  createContinuousQuery(database: string, name: string, query: string): unknown;
  data(): MetaData | PromiseLike<MetaData>;
}

/** The ids in `data`. */
export function entriesOf(data: MetaData): readonly string[] {
  const database = data.databases.find(({ name }) => name === journalDatabase);
  const query = database?.continuousQueries.find(({ name }) => name === journalQuery)?.query ?? '';
  return query === '' ? [] : query.split(' ');
}

export const entriesOfSnapshot = (snapshot: Uint8Array) => entriesOf(decodeMetadata(snapshot));

/** A change that is not idempotent: applied twice, or lost, it shows. */
export function append(id: string): (meta: JournalClient) => Promise<string> {
  return async (meta) => {
    await meta.createDatabase(journalDatabase);
    const entries = entriesOf(await meta.data());
    await meta.dropContinuousQuery(journalDatabase, journalQuery);
    await meta.createContinuousQuery(journalDatabase, journalQuery, [...entries, id].join(' '));
    return id;
  };
}

/** The drop order of the change that appends `id`. */
export const orderOf = (id: string): OrderedItem => ({ kind: 'database', database: `dropped with ${id}` });

/** A password whose hash took no time: hashing runs in a thread, and the simulated clock waits for none. */
export function passwordOf() {
  return { hash: '$2a$04$'.padEnd(60, 'x'), matches: async () => true };
}
