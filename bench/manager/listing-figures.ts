import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from '../report.js';
import { startServer } from './server-child.js';

const clusters = 10_000;
const nodes = 20_000;
const atOnce = 100;
const rounds = 5;

/** How long the event loop of a manager is blocked at most while many clusters are listed, and a cluster of many nodes is deleted. */
export async function listingFigures(): Promise<Figure[]> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-bench-'));
  try {
    return [...(await figuresOf('memory')), ...(await figuresOf('lmdb', dir))];
  } finally {
    await rm(dir, { recursive: true });
  }
}

async function figuresOf(store: string, ...args: string[]): Promise<Figure[]> {
  const server = await startServer('manager', ...args);
  /** Milliseconds for which its event loop was blocked at most since the last call. */
  const maxBlock = async () => (await server.ask<{ maxBlock: number }>('block')).maxBlock;
  const request = async (path: string, method = 'GET', body?: string) => {
    const response = await fetch(`${server.url}${path}`, { method, ...(body === undefined ? {} : { body }) });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status}`);
  };
  const figure = (what: string, value: number): Figure => ({
    name: `longest block of the event loop while ${what}, ${store}`,
    value,
    unit: 'ms',
    target: 50,
  });
  try {
    await many(clusters, (i) => request(`/clusters/cluster-${i}/versions/0`, 'POST', 'metadata'));
    await many(nodes, () => request('/nodes/cluster-0', 'POST', '{"ip":"10.0.0.1","hostname":"h"}'));
    const listed: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await maxBlock();
      await Promise.all(['/clusters', '/nodes/cluster-0', '/metrics'].map((path) => request(path)));
      listed.push(await maxBlock());
    }
    await request('/clusters/cluster-0', 'DELETE');
    return [
      figure('10,000 clusters are listed', Math.max(...listed)),
      figure('a cluster of 20,000 nodes is deleted', await maxBlock()),
    ];
  } finally {
    await server.stop();
  }
}

async function many(count: number, work: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
