/**
 * Two nodes and a manager in one process: what one node changes, the other has.
 *
 *     tsx examples/quick-start.ts
 */
import { CfluxClient, isCfluxError, LocalMetaClient } from 'clusterflux';
import { createManagerServer, Manager, MemoryStore } from 'clusterflux/manager';

// In a fleet this is `cflux manager`, on a machine of its own.
const manager = new Manager({ store: new MemoryStore() });
const server = await createManagerServer(manager, { port: 0 });

const a = new CfluxClient(new LocalMetaClient(), { cluster: 'prod', endpoint: server.url });
const b = new CfluxClient(new LocalMetaClient(), { cluster: 'prod', endpoint: server.url });
b.on('synced', ({ version }) => console.log(`b has version ${version}`));
await a.open();
await b.open();

await a.createDatabase('telegraf');
await a.createRetentionPolicy('telegraf', { name: 'month', duration: '30d' }, true);
await b.waitForVersion(a.status.version);
console.log(`b's default policy of telegraf: ${(await b.database('telegraf'))?.defaultRetentionPolicy}`);

// Both at once: one is first, the other adopts its change and applies its own again on top.
await Promise.all([a.createDatabase('from a'), b.createDatabase('from b')]);
await Promise.all([a.refresh(), b.refresh()]);
for (const [name, node] of Object.entries({ a, b })) {
  const databases = (await node.databases()).map((database) => database.name);
  console.log(`${name} at version ${node.status.version}: ${databases.sort().join(', ')}`);
}

// A refusal is InfluxDB's own, judged against the newest metadata.
try {
  await b.createRetentionPolicy('nowhere', { name: 'x', duration: '1d' }, false);
} catch (error) {
  if (!isCfluxError(error, 'DATABASE_NOT_FOUND')) throw error;
  console.log(`refused: ${error.message}`);
}

await a.close();
await b.close();
await server.close();
await manager.close();
