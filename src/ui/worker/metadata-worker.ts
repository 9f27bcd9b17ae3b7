import { differenceLines } from '../../meta/metadata-differences.js';
import { ApiError } from '../api/api-error.js';
import { blameOf } from './blame.js';
import { databaseOf, databasesOf, usersOf } from './browse.js';
import { differencesOf, summaryOf } from './compare.js';
import { list } from './list.js';
import type { CallName, Calls, FromWorker, ToWorker } from './messages.js';
import { previewOf, rollBack } from './rollback.js';
import { Snapshots } from './snapshots.js';

/** Snapshots stay in the worker: it decodes them, and what it sends to the page contains no hash. */
const snapshots = new Snapshots();

type Handlers = {
  readonly [Name in CallName]: (request: Calls[Name]['request']) => Promise<Calls[Name]['result']>;
};

const handlers: Handlers = {
  summary: async (request) => summaryOf(await pair(request)),
  differences: async (request) => differenceLines(await pair(request)),
  list: () => list(snapshots.access),
  async prepare({ cluster }) {
    await snapshots.newest(cluster);
    return undefined;
  },
  databases: async (request) => databasesOf(await one(request)),
  database: async (request) => databaseOf(await one(request), request),
  users: async (request) => usersOf(await one(request), request),
  async blame({ cluster, epoch, kept, items }) {
    const versions = [];
    for (const version of kept) versions.push({ version, data: await snapshots.of(cluster, epoch, version) });
    return blameOf(versions, items);
  },
  preview: (request) => previewOf(snapshots, request),
  rollback: (request) => rollBack(snapshots, request),
};

const one = ({ cluster, epoch, version }: Calls['preview']['request']) =>
  snapshots.of(cluster, epoch, version);

async function pair({ cluster, epoch, from, to }: Calls['differences']['request']) {
  // One after the other: the second shares what did not change.
  const before = await snapshots.of(cluster, epoch, from);
  return differencesOf(before, await snapshots.of(cluster, epoch, to));
}

const post = (message: FromWorker) => postMessage(message);

addEventListener('message', ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === 'access') {
    snapshots.access = data.access;
    return;
  }
  const { id, name, request } = data;
  const handle = handlers[name] as (request: unknown) => Promise<Calls[CallName]['result']>;
  handle(request).then(
    (result) => post({ id, result }),
    (cause: unknown) => {
      const { message, status, code } = ApiError.from(cause);
      post({ id, error: { message, status, code } });
    },
  );
});
