import { mkdirSync } from 'node:fs';
import type { NodeInfo } from 'clusterflux';
import * as now from 'clusterflux';
import * as nowManager from 'clusterflux/manager';
import * as first from 'clusterflux-first';
import * as firstManager from 'clusterflux-first/manager';
import { onTestFinished } from 'vitest';

/** Where a manager keeps its data. */
export type Place =
  | 'memory'
  | { readonly lmdb: string }
  | { readonly etcd: readonly string[]; readonly prefix: string };

/** What the tests use of a node, the same in every release. */
/** What both releases report of a node. */
export type Listed = Pick<NodeInfo, 'id' | 'ip' | 'hostname' | 'bindAddress' | 'alive'>;

export interface Node {
  open(): Promise<void>;
  close(): Promise<void>;
  createDatabase(name: string): Promise<unknown>;
  refresh(): Promise<number>;
  waitForVersion(version: number): Promise<void>;
  databaseNames(): Promise<readonly string[]>;
  nodes(): Promise<readonly Listed[]>;
  /** Names of the events that were emitted so far. */
  readonly events: readonly string[];
  readonly status: {
    readonly version: number;
    readonly nodeId?: number | undefined;
    readonly epoch?: string | undefined;
  };
}

/** A release of the library, as far as two of them can meet. */
export interface Release {
  readonly name: 'first' | 'now';
  /** A node whose metadata and record are below `dir`; without one it keeps them in memory. */
  node(endpoint: string, dir?: string): Node;
  serve(place: Place): Promise<{ readonly url: string; close(): Promise<void> }>;
}

const cluster = 'prod';
/** Events whose payload is of no interest here: whether anything displaced metadata. */
const watched = ['replaced', 'diverged', 'epochChanged', 'synced'] as const;

function release(
  name: Release['name'],
  library: typeof now | typeof first,
  managers: typeof nowManager | typeof firstManager,
): Release {
  // One is enough to type both: what is used here must not change, or an upgrade would break programs.
  const { CfluxClient, LocalMetaClient } = library as typeof now;
  const { createManagerServer, EtcdStore, LmdbStore, Manager, MemoryStore } = managers as typeof nowManager;
  return {
    name,
    node(endpoint, dir) {
      if (dir !== undefined) mkdirSync(`${dir}/meta`, { recursive: true });
      const meta = new LocalMetaClient({
        bcryptCost: 4,
        ...(dir === undefined ? {} : { dir: `${dir}/meta` }),
      });
      const client = new CfluxClient(meta, {
        cluster,
        endpoint,
        ...(dir === undefined ? {} : { dir: `${dir}/node` }),
      });
      const events: string[] = [];
      for (const event of watched) client.on(event, () => events.push(event));
      onTestFinished(() => client.close());
      return {
        open: () => client.open(),
        close: () => client.close(),
        createDatabase: (database) => client.createDatabase(database),
        refresh: () => client.refresh(),
        waitForVersion: (version) => client.waitForVersion(version),
        databaseNames: async () => (await client.databases()).map((database) => database.name),
        nodes: () => client.nodes(),
        events,
        get status() {
          return client.status;
        },
      };
    },
    async serve(place) {
      const store =
        place === 'memory'
          ? new MemoryStore()
          : 'lmdb' in place
            ? new LmdbStore({ dir: place.lmdb })
            : new EtcdStore({ endpoints: place.etcd, prefix: place.prefix });
      const manager = new Manager({ store });
      const server = await createManagerServer(manager, { port: 0 });
      let closing: Promise<void> | undefined;
      const close = () => {
        closing ??= server.close().then(() => manager.close());
        return closing;
      };
      onTestFinished(close);
      return { url: server.url, close };
    },
  };
}

/** The release packed in `test/fixtures/upgrade`, and this one. */
export const releases = {
  first: release('first', first, firstManager),
  now: release('now', now, nowManager),
} as const;
