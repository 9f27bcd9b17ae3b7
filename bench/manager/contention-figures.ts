import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CfluxClient,
  decodeMetadata,
  encodeMetadata,
  HttpTransport,
  LocalMetaClient,
  type MetaData,
} from '../../src/index.js';
import type { Figure } from '../report.js';
import { startServer } from './server-child.js';

const nodes = 32;
const changes = 30;

/** Thirty-two nodes that make thirty changes each, at once, beside the same changes by bare compare-and-set. */
export async function contentionFigures(): Promise<Figure[]> {
  const ours = await onServer('250', throughClients);
  const bare = await onServer('0', byCompareAndSet);
  return [
    {
      name: `${nodes} nodes × ${changes} changes at once`,
      value: ours.wall,
      unit: 'ms',
      floorName: 'bare compare-and-set with jitter',
      floor: bare.wall,
      // At least five times faster.
      target: 1 / 5,
    },
    { name: 'most attempts of a change', value: ours.attempts, unit: 'attempts', target: 3 },
    { name: 'most attempts of a change, bare', value: bare.attempts, unit: 'attempts' },
    { name: 'longest wait of a change', value: ours.wait, unit: 'ms', floorName: 'bare', floor: bare.wait },
    { name: "the manager's CPU for that", value: ours.cpu, unit: 'ms', floorName: 'bare', floor: bare.cpu },
  ];
}

export interface Outcome {
  /** Milliseconds from the first request to the last response. */
  readonly wall: number;
  readonly attempts: number;
  readonly wait: number;
}

/** Runs `work` on a manager on lmdb, checks that every change is there once, and measures. */
async function onServer(turn: string, work: (url: string) => Promise<Outcome>) {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-bench-'));
  const server = await startServer('manager', join(dir, 'data'), turn);
  try {
    const before = await server.usage();
    const outcome = await work(server.url);
    const { cpu } = await server.usage();
    await check(server.url);
    return { ...outcome, cpu: cpu - before.cpu };
  } finally {
    await server.stop();
    await rm(dir, { recursive: true });
  }
}

const nameOf = (node: number, change: number) => `node-${node}-change-${change}`;

async function check(url: string): Promise<void> {
  const newest = await fetch(`${url}/clusters/bench/versions/0`);
  const { databases } = decodeMetadata(new Uint8Array(await newest.arrayBuffer()));
  const names = new Set(databases.map(({ name }) => name));
  if (names.size !== nodes * changes || databases.length !== nodes * changes) {
    throw new Error(`${databases.length} databases of ${nodes * changes}`);
  }
}

const throughClients = (url: string) => contend(url, { nodes, changes, data: undefined });

/** What contends: `nodes` clients that make `changes` changes each, at once. */
export interface Contention {
  readonly nodes: number;
  readonly changes: number;
  /** The metadata of the cluster; undefined if it starts empty. */
  readonly data: MetaData | undefined;
}

export async function contend(url: string, { nodes, changes, data }: Contention): Promise<Outcome> {
  let attempts = 0;
  let wait = 0;
  const clients = Array.from({ length: nodes }, () => {
    const meta = new LocalMetaClient(data === undefined ? {} : { data });
    const client = new CfluxClient(meta, { cluster: 'bench', endpoint: url });
    client.on('pushed', ({ rounds }) => {
      attempts = Math.max(attempts, rounds);
    });
    return client;
  });
  // Joining is not what is measured, and the first node brings the metadata.
  await clients[0]?.open();
  await Promise.all(clients.map((client) => client.open()));
  const begun = performance.now();
  const change = async (client: CfluxClient<LocalMetaClient>, node: number, number: number) => {
    const begin = performance.now();
    await client.mutate((meta) => meta.createDatabase(nameOf(node, number)));
    wait = Math.max(wait, performance.now() - begin);
  };
  await Promise.all(
    clients.flatMap((client, node) =>
      Array.from({ length: changes }, (_, number) => change(client, node, number)),
    ),
  );
  const wall = performance.now() - begun;
  await Promise.all(clients.map((client) => client.close()));
  return { wall, attempts, wait };
}

/** What one writes without this library: read, change, compare-and-set, and on a conflict again after a while. */
async function byCompareAndSet(url: string): Promise<Outcome> {
  let attempts = 0;
  let wait = 0;
  const write = async (node: number) => {
    const transport = new HttpTransport({ endpoint: url });
    const meta = new LocalMetaClient();
    await meta.open();
    let version = 0;
    for (let number = 0; number < changes; number++) {
      const begin = performance.now();
      for (let attempt = 1; ; attempt++) {
        await meta.createDatabase(nameOf(node, number));
        const snapshot = encodeMetadata(meta.data());
        const mutation = `${node}-${number}-${attempt}`;
        const result = await transport.push({ cluster: 'bench', version, snapshot, mutation });
        if (result.kind === 'epochMismatch') throw new Error('epoch');
        version = result.version;
        attempts = Math.max(attempts, attempt);
        if (result.kind === 'committed') break;
        if (result.snapshot === undefined) throw new Error('a delta that was not asked for');
        const newest: MetaData = decodeMetadata(result.snapshot);
        await meta.setData(newest);
        // Full jitter, doubling from 5 ms to 160.
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 5 * 2 ** Math.min(attempt, 5)));
      }
      wait = Math.max(wait, performance.now() - begin);
    }
    await meta.close();
    await transport.close();
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: nodes }, (_, node) => write(node)));
  return { wall: performance.now() - begun, attempts, wait };
}
