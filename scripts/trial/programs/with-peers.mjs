// Run where the optional packages are installed too: from both copies of the package the store on disk and the metrics work.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const copies = {
  esm: { ...(await import('clusterflux')), ...(await import('clusterflux/manager')) },
  cjs: { ...require('clusterflux'), ...require('clusterflux/manager') },
};

// Nobody has asked for them yet. (lmdb is no CommonJS module and would not be in this list: without-peers.mjs tells of it.)
for (const unused of ['undici', 'prom-client', '@grpc/grpc-js', 'bcrypt']) {
  const files = Object.keys(require.cache).filter((file) => file.includes(`node_modules/${unused}/`));
  assert.deepEqual(files, [], `${unused} is loaded though nobody uses it`);
}

const { Registry } = await import('prom-client');
for (const [name, copy] of Object.entries(copies)) {
  const {
    CfluxClient,
    clientMetrics,
    createManagerServer,
    EtcdStore,
    isCfluxError,
    LmdbStore,
    LocalMetaClient,
    Manager,
  } = copy;
  const dir = `data-${name}`;
  const manager = new Manager({ store: new LmdbStore({ dir }) });
  const server = await createManagerServer(manager, { port: 0 });
  const registry = new Registry();
  const client = new CfluxClient(new LocalMetaClient(), { endpoint: server.url });
  await clientMetrics(client, { registry });
  await client.open();
  await client.createDatabase('db0');
  assert.match(await registry.metrics(), /^cflux_client_pushes_total\{cluster="default"\} 1$/m);
  assert.match(await (await fetch(`${server.url}/metrics`)).text(), /^cflux_nodes\{.*alive="true"\} 1$/m);
  await client.close();
  await server.close();
  await manager.close();
  // There is no etcd here: that the package is loaded is enough.
  const onEtcd = new Manager({ store: new EtcdStore({ endpoints: 'http://127.0.0.1:1' }) });
  await assert.rejects(onEtcd.open(), (error) => !isCfluxError(error, 'MISSING_DEPENDENCY'));
  await onEtcd.close().catch(() => undefined);
  rmSync(dir, { recursive: true });
}
console.log('ok');
