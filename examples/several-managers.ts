/**
 * Two managers share one etcd: each serves any node, and either may fail.
 *
 *     etcd &
 *     tsx examples/several-managers.ts http://127.0.0.1:2379
 */
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { createManagerServer, EtcdStore, Manager, type ManagerServer } from 'clusterflux/manager';

const [endpoints = 'http://127.0.0.1:2379'] = process.argv.slice(2);

/** Each would be a process on a machine of its own: `cflux manager --etcd …`. */
async function startManager(): Promise<ManagerServer> {
  const store = new EtcdStore({ endpoints: endpoints.split(','), prefix: '/clusterflux-example/' });
  const manager = new Manager({ store });
  const server = await createManagerServer(manager, { port: 0 });
  const close = async () => {
    await server.close();
    await manager.close();
  };
  return { url: server.url, close, [Symbol.asyncDispose]: close };
}

const managers = [await startManager(), await startManager()];
const urls = managers.map(({ url }) => url);

// Each node knows all managers; it stays with one until that fails.
const nodes = [urls, urls.toReversed()].map((endpoint) => {
  return new CfluxClient(new LocalMetaClient(), { cluster: 'prod', endpoint });
});
const [one, two] = nodes;
if (!one || !two) throw new Error('two nodes');
await one.open();
await two.open();

await one.createDatabase(`by way of the first, ${one.status.version}`);
await two.waitForVersion(one.status.version);
console.log(`two has version ${two.status.version} from the other manager`);

const before = one.status.endpoint;
await managers[0]?.close();
console.log('the first manager is gone');
await one.createDatabase(`by way of the other, ${one.status.version}`);
await two.waitForVersion(one.status.version);
console.log(`one went on at the other manager: ${one.status.endpoint !== before}`);
console.log(`both have version ${one.status.version}: ${one.status.version === two.status.version}`);

await Promise.all(nodes.map((node) => node.close()));
await Promise.all(managers.map((manager) => manager.close()));
