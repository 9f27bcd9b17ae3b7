/**
 * Every event of a client as a line of JSON, and its figures for Prometheus. pino, bunyan and `console` may take
 * the place of `jsonLogger`: they have the same four methods.
 *
 *     tsx examples/events-to-a-log.ts
 */
import { CfluxClient, clientMetrics, jsonLogger, LocalMetaClient } from 'clusterflux';
import { LocalTransport } from 'clusterflux/manager';
import { FakeManager } from 'clusterflux/testing';
import { Registry } from 'prom-client';

const fake = new FakeManager({ nodeTtl: 15_000 });
const logger = jsonLogger({ level: 'debug' });
const transport = new LocalTransport(fake.manager);
const registry = new Registry();

const one = new CfluxClient(new LocalMetaClient(), { cluster: 'prod', transport, logger });
await clientMetrics(one, { registry });
await one.open();
await one.createDatabase('telegraf');

// A node that joins with metadata of its own: its metadata is displaced, backed up and reported.
const meta = new LocalMetaClient();
await meta.createDatabase('mine');
const two = new CfluxClient(meta, { cluster: 'prod', transport, logger });
two.on('replaced', ({ snapshot }) => {
  // Beyond the log: an event has all there is, here the metadata itself, encoded.
  console.error(`kept ${snapshot.length} bytes`);
});
await two.open();
await two.createUser('bob', 'a password that no log shows', false);

await one.refresh();
console.error(await registry.metrics());
await two.close();
await one.close();
await fake.close();
