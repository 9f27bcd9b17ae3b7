// Run by Bun: a manager and two nodes over HTTP, one with a directory; the second one gets the change by a held poll.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { CfluxClient, HttpTransport, isCfluxError, LocalMetaClient } from 'clusterflux';
import { createManagerServer, Manager, MemoryStore } from 'clusterflux/manager';

assert.ok(process.versions.bun, 'this is not Bun');
const dir = 'data-of-bun';
mkdirSync(dir, { recursive: true });
const manager = new Manager({ store: new MemoryStore() });
const server = await createManagerServer(manager, { port: 0 });
const endpoint = server.url;
const client = new CfluxClient(new LocalMetaClient({ dir, bcryptCost: 4 }), { endpoint, dir });
const other = new CfluxClient(new LocalMetaClient(), { endpoint });
await client.open();
await other.open();
const changes = other.changes();
await client.createDatabase('db0');
await client.createUser('bob', 'secret', true);
assert.equal((await client.authenticate('bob', 'secret')).admin, true);
for await (const { version } of changes) if (version === client.status.version) break;
assert.equal((await other.databases())[0]?.name, 'db0');
const away = new HttpTransport({ endpoint: 'http://127.0.0.1:1', retry: { attempts: 1 } });
const unreachable = await away.nodes({ cluster: 'c' }).catch((error) => error);
assert.ok(
  isCfluxError(unreachable, 'UNREACHABLE') && unreachable.outcome === 'notApplied',
  String(unreachable),
);
await away.close();
// A transport that is closed rejects what is under way, and what comes later.
const closed = new HttpTransport({ endpoint, retry: { attempts: 1 } });
const held = closed
  .poll({ cluster: 'default', version: client.status.version, wait: 60_000 })
  .catch((error) => error);
await closed.nodes({ cluster: 'default' });
await closed.close();
assert.ok(isCfluxError(await held), 'the held poll rejects');
await assert.rejects(closed.nodes({ cluster: 'default' }));
await other.close();
await client.close();
await server.close();
await manager.close();
rmSync(dir, { recursive: true });
console.log('ok');
