// Run in a folder where only clusterflux is installed: the client and a manager in memory work, and what wants an optional
// package says which one.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { CfluxClient, clientMetrics, isCfluxError, LocalMetaClient } from 'clusterflux';
import { InfluxMirror } from 'clusterflux/influxdb';
import {
  createManagerServer,
  EtcdStore,
  LmdbStore,
  LocalTransport,
  Manager,
  MemoryStore,
} from 'clusterflux/manager';
import { FakeManager, mockMetaClient } from 'clusterflux/testing';

for (const peer of ['lmdb', 'prom-client', '@grpc/grpc-js']) {
  assert.ok(!existsSync(`node_modules/${peer}`), `${peer} must not be installed here`);
}

const manager = new Manager({ store: new MemoryStore() });
const server = await createManagerServer(manager, { port: 0 });
const client = new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), { endpoint: server.url });
await client.open();
await client.createDatabase('db0');
await client.createUser('bob', 'secret', true);
assert.equal((await client.authenticate('bob', 'secret')).admin, true);
const other = new CfluxClient(mockMetaClient(), { transport: new LocalTransport(manager) });
await other.open();
assert.equal((await other.databases())[0]?.name, 'db0');

const metrics = await fetch(`${server.url}/metrics`);
assert.equal(metrics.status, 501);
assert.match(await metrics.text(), /npm install prom-client/);

/** What wants a package that is missing says how to install it. */
const wants = (install) => (error) => {
  assert.ok(isCfluxError(error, 'MISSING_DEPENDENCY'), String(error));
  assert.ok(error.message.includes(`npm install ${install}`), error.message);
  return true;
};
await assert.rejects(clientMetrics(client), wants('prom-client'));
const onDisk = new Manager({ store: new LmdbStore({ dir: 'data' }) });
await assert.rejects(onDisk.open(), wants('lmdb'));
const onEtcd = new Manager({ store: new EtcdStore({ endpoints: 'http://127.0.0.1:1' }) });
await assert.rejects(onEtcd.open(), wants('@grpc/grpc-js'));

await new InfluxMirror({ url: 'http://127.0.0.1:1' }).close();
await other.close();
await client.close();
await server.close();
await manager.close();
await new FakeManager().close();
console.log('ok');
