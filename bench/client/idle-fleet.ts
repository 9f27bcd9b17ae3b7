/** A fleet of idle nodes in this process: `idle-fleet.ts <clients | bare> <URL of the manager | local>`. Tells its parent what it cost. */
import { setTimeout as pass } from 'node:timers/promises';
import { CfluxClient, encodeMetadata, LocalMetaClient } from 'clusterflux';
import { benchmarkSnapshot } from '../../test/meta/support/benchmark-snapshot.js';
import { fleetSize, type IdleCost } from './idle-figures.js';
import { bareHttp, localSetting, type Setting } from './setting.js';

const [fleet, url = ''] = process.argv.slice(2);
/** Milliseconds that are watched: two heartbeats of each. */
const watched = 10_000;
const heartbeat = 5_000;
const data = benchmarkSnapshot({ databases: 10, groups: 1 });
const setting = url === 'local' ? localSetting() : bareHttp(url);

async function startClient({ options }: Setting): Promise<CfluxClient<LocalMetaClient>> {
  const client = new CfluxClient(new LocalMetaClient({ data }), { ...options, cluster: 'idle' });
  await client.open();
  return client;
}

let base = 0;

async function startBare(): Promise<void> {
  if (base === 0) base = await setting.push('bare-idle', 0, encodeMetadata(data));
  const id = await setting.register('bare-idle');
  setInterval(() => setting.heartbeat('bare-idle', id), heartbeat);
  setting.poll('bare-idle', base).catch(() => undefined);
}

function memory(): { used: number; resident: number } {
  globalThis.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { used: (heapUsed + external) / 1e3, resident: rss / 1e3 };
}

// Started one after the other over one heartbeat, like a fleet that grew, so that heartbeats are not in step.
const start = fleet === 'clients' ? () => startClient(setting) : startBare;
const nodes = [await start()];
await pass(1_000);
const before = memory();
const begin = performance.now();
for (let i = 1; i <= fleetSize; i++) {
  nodes.push(await start());
  await pass(Math.max(0, begin + (i * heartbeat) / fleetSize - performance.now()));
}
await pass(2_000);
const after = memory();
const used = process.cpuUsage();
await pass(watched);
const { user, system } = process.cpuUsage(used);
const cost: IdleCost = {
  processor: (user + system) / 1e3 / (watched / 1e3) / fleetSize,
  memory: (after.used - before.used) / fleetSize,
  resident: (after.resident - before.resident) / fleetSize,
};
process.send?.(cost, () => process.exit());
