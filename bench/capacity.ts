import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EtcdCluster, startEtcd } from '../test/support/etcd.js';
import { ManagerProcess } from '../test/support/manager-process.js';
import { changesAt } from './capacity/changes.js';
import { carried } from './capacity/nodes.js';
import { startServer } from './manager/server-child.js';
import type { Figure } from './report.js';

const scale = Number(process.env['CAPACITY_SCALE'] ?? 1);
const nodeCounts = [1_000, 10_000].map((count) => count * scale);
const databaseCounts = [1_000, 10_000, 100_000].map((count) => count * scale);

/**
 * How many nodes, databases and changes a second one manager and three carry. Absolute figures, which depend on the machine: managers,
 * nodes and etcd share it. docs/explanation/capacity.md has the formula that uses them.
 */
export async function run(): Promise<Figure[]> {
  const [processor] = cpus();
  const machine = `processors of this machine (${processor?.model.trim() ?? 'unknown'}, Node ${process.versions.node})`;
  return [
    { name: machine, value: cpus().length, unit: 'cores' },
    ...(await ofOneManager()),
    ...(await ofThreeManagers()),
  ];
}

async function ofOneManager(): Promise<Figure[]> {
  const name = 'one manager on lmdb';
  const figures: Figure[] = [];
  for (const count of nodeCounts)
    figures.push(...(await withManager((url) => carried([url], { count, name }))));
  for (const databases of databaseCounts)
    figures.push(...(await withManager((url) => changesAt([url], { databases, name }))));
  return figures;
}

async function withManager(measure: (url: string) => Promise<Figure[]>): Promise<Figure[]> {
  const dir = mkdtempSync(join(tmpdir(), 'cflux-bench-'));
  const server = await startServer('manager', dir);
  try {
    return await measure(server.url);
  } finally {
    await server.stop();
    rmSync(dir, { recursive: true });
  }
}

async function ofThreeManagers(): Promise<Figure[]> {
  const name = 'three managers on etcd';
  const etcd = await startEtcd(3, { args: ['--quota-backend-bytes', String(4 * 2 ** 30)] });
  const managers = managersOn(etcd);
  try {
    await Promise.all(managers.map((manager) => manager.start()));
    const urls = managers.map(({ url }) => url);
    const figures: Figure[] = [];
    for (const count of nodeCounts) figures.push(...(await carried(urls, { count, name })));
    for (const databases of databaseCounts) figures.push(...(await changesAt(urls, { databases, name })));
    return figures;
  } finally {
    await Promise.all(managers.map((manager) => manager.stop()));
    await etcd.close();
  }
}

const managersOn = ({ endpoints }: EtcdCluster) =>
  endpoints.map(
    (_, first) => new ManagerProcess('/capacity/', [...endpoints.slice(first), ...endpoints.slice(0, first)]),
  );
