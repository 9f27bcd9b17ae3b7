// The same package by `require`, all four entry points, and errors that both copies know.
const assert = require('node:assert/strict');
const { CfluxClient, CfluxError, HttpTransport, isCfluxError } = require('clusterflux');
const { InfluxMirror, readInfluxMetadata } = require('clusterflux/influxdb');
const { LocalTransport, Manager, MemoryStore } = require('clusterflux/manager');
const { mockMetaClient, storeContract } = require('clusterflux/testing');

async function main() {
  // The same class by another name, as a base for generic classes.
  const sameAs = { CfluxClientMembers: 'CfluxClient' };
  for (const entry of ['', '/manager', '/influxdb', '/influxql', '/gateway', '/testing']) {
    for (const [name, value] of Object.entries(require(`clusterflux${entry}`)))
      if (typeof value === 'function' && /^[A-Z]/.test(name))
        assert.equal(value.name, sameAs[name] ?? name, 'in logs and stacks');
  }
  const manager = new Manager({ store: new MemoryStore() });
  const client = new CfluxClient(mockMetaClient(), { transport: new LocalTransport(manager) });
  await client.open();
  await client.createDatabase('db0');
  const refused = await client.createSubscription('no', 'no', 'no', 'ALL', []).catch((error) => error);
  assert.ok(refused instanceof CfluxError, 'one class in all CommonJS entry points');
  assert.ok(
    (await import('clusterflux')).isCfluxError(refused, 'DATABASE_NOT_FOUND'),
    'known to the ESM copy',
  );
  // Over HTTP: ky, which is published as ESM only, must be inside.
  const http = new HttpTransport({ endpoint: 'http://127.0.0.1:1', retry: { attempts: 1 } });
  const unreachable = await http.nodes({ cluster: 'c' }).catch((error) => error);
  assert.ok(isCfluxError(unreachable, 'UNREACHABLE'), String(unreachable));
  await http.close();
  assert.equal(typeof readInfluxMetadata, 'function');
  await new InfluxMirror({ url: 'http://127.0.0.1:1' }).close();
  assert.ok(storeContract({ place: () => ({ connect: () => new MemoryStore() }) }).length > 0);
  await client.close();
  await manager.close();
  console.log('ok');
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
