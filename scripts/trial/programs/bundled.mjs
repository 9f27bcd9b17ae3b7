// Bundled by esbuild with everything that it imports, where the optional packages are not installed: client and manager work, classes have
// their names, and what needs a package that is missing names it.
import assert from 'node:assert/strict';
import { CfluxClient, CfluxError, isCfluxError, LocalMetaClient } from 'clusterflux';
import { createManagerServer, LmdbStore, Manager, MemoryStore } from 'clusterflux/manager';

async function main() {
  const manager = new Manager({ store: new MemoryStore() });
  const server = await createManagerServer(manager, { port: 0 });
  const client = new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), { endpoint: server.url });
  await client.open();
  await client.createDatabase('db0');
  await client.createUser('bob', 'secret', true);
  assert.equal((await client.authenticate('bob', 'secret')).admin, true);
  const refused = await client.createSubscription('no', 'no', 'no', 'ALL', []).catch((error) => error);
  assert.ok(refused instanceof CfluxError && client instanceof CfluxClient);
  assert.equal(client.constructor.name, 'CfluxClient');
  assert.equal(refused.constructor.name, 'CfluxError');
  assert.equal(manager.constructor.name, 'Manager');
  assert.match(refused.stack, /^CfluxError: /);
  const missing = await new Manager({ store: new LmdbStore({ dir: 'data' }) }).open().catch((error) => error);
  assert.ok(isCfluxError(missing, 'MISSING_DEPENDENCY'), String(missing));
  await client.close();
  await server.close();
  await manager.close();
  console.log('ok');
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
