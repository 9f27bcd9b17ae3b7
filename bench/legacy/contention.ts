import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CfluxClient, decodeMetadata, LocalMetaClient } from '../../src/index.js';
import { createManagerServer, EtcdStore, LmdbStore, Manager, MemoryStore } from '../../src/manager/index.js';
import { LegacyNode } from '../../test/support/legacy-node.js';

/** Where the manager keeps its data. */
export interface Place {
  readonly store?: 'memory' | 'lmdb';
  readonly etcd?: readonly string[];
}

/** All changes of a node at once, or one after the other. */
export type Style = 'burst' | 'sequential';

export interface LegacyRun {
  /** Changes that were reported as done, and are not in the cluster. */
  readonly lost: number;
  /** Changes that are in the cluster. */
  readonly stored: number;
  /** How often a legacy node applied an older version than it had. */
  readonly wentBack: number;
  /** Milliseconds from the first change to the last response. */
  readonly wall: number;
}

const changes = 40;
let prefixes = 0;

/** One run: two legacy nodes at the first two of `addresses`, and one of ours. */
export async function legacyRun(
  place: Place,
  addresses: readonly string[],
  style: Style,
): Promise<LegacyRun> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-bench-'));
  const store =
    place.etcd !== undefined
      ? new EtcdStore({ endpoints: place.etcd, prefix: `/legacy-${prefixes++}/` })
      : place.store === 'lmdb'
        ? new LmdbStore({ dir })
        : new MemoryStore();
  const manager = new Manager({ store });
  const server = await createManagerServer(manager, { host: '0.0.0.0', port: 0, insecure: true });
  const url = `http://127.0.0.1:${new URL(server.url).port}`;
  const legacy: LegacyNode[] = [];
  for (const number of [0, 1]) {
    const localAddress = addresses[number % addresses.length];
    legacy.push(await LegacyNode.open(url, { cluster: 'c', ...(localAddress ? { localAddress } : {}) }));
  }
  const ours = new CfluxClient(new LocalMetaClient(), { endpoint: url, cluster: 'c' });
  await ours.open();
  try {
    const make = async (create: (name: string) => Promise<unknown>, node: number) => {
      const names = Array.from({ length: changes }, (_, change) => `node-${node}-change-${change}`);
      if (style === 'burst') await Promise.all(names.map(create));
      else for (const name of names) await create(name);
      return names;
    };
    const begun = performance.now();
    const made = await Promise.all([
      ...legacy.map((node, number) => make((name) => node.createDatabase(name), number)),
      make((name) => ours.createDatabase(name), legacy.length),
    ]);
    const wall = performance.now() - begun;
    const newest = await fetch(`${url}/clusters/c/versions/0`);
    const { databases } = decodeMetadata(new Uint8Array(await newest.arrayBuffer()));
    const stored = new Set(databases.map(({ name }) => name));
    const names = made.flat();
    const lost = names.filter((name) => !stored.has(name)).length;
    return {
      lost,
      stored: names.length - lost,
      wall,
      wentBack: legacy.reduce((total, { wentBack }) => total + wentBack, 0),
    };
  } finally {
    for (const node of legacy) await node.close();
    await ours.close();
    await server.close();
    await manager.close();
    await rm(dir, { recursive: true, force: true });
  }
}
