/**
 * A program that is both manager and node: its own node needs no network, the others connect over HTTP. After a restart it
 * continues with its stored data.
 *
 *     tsx examples/embedded-manager.ts [directory]
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { createManagerServer, LmdbStore, LocalTransport, Manager } from 'clusterflux/manager';

const [dir = '.cflux/embedded'] = process.argv.slice(2);
await mkdir(join(dir, 'meta'), { recursive: true });

const manager = new Manager({
  store: new LmdbStore({ dir: join(dir, 'manager') }),
  audit: ({ action, cluster, version }) =>
    console.log(`audit: ${action} ${cluster} ${version ?? ''}`.trimEnd()),
});
// Beyond this machine it requires tokens, and should use TLS: snapshots contain password hashes.
const server = await createManagerServer(manager, {
  host: '127.0.0.1',
  port: 0,
  tokens: [{ name: 'node', token: 'a-secret-of-the-fleet', scopes: ['node'] }],
});

const own = new CfluxClient(new LocalMetaClient({ dir: join(dir, 'meta') }), {
  cluster: 'prod',
  dir,
  transport: new LocalTransport(manager),
});
await own.open();
console.log(`opened at version ${own.status.version}`);

const other = new CfluxClient(new LocalMetaClient(), {
  cluster: 'prod',
  endpoint: server.url,
  token: 'a-secret-of-the-fleet',
});
await other.open();
const runs = (await other.databases()).length;
await other.createDatabase(`run ${runs + 1}`);

await own.waitForVersion(other.status.version);
const databases = (await own.databases()).map(({ name }) => name);
console.log(`version ${own.status.version}: ${databases.join(', ')}`);
for (const { id, alive } of await own.nodes()) console.log(`node ${id} is ${alive ? 'alive' : 'away'}`);

await other.close({ deregister: true });
await own.close();
await server.close();
await manager.close();
