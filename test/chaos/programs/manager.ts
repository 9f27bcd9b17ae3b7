import { createManagerServer, EtcdStore, LmdbStore, Manager } from '../../../src/manager/index.js';

// A manager in a process of its own: `manager.ts PORT HOST lmdb DIR` or `manager.ts PORT HOST etcd ENDPOINT…`. Says its URL when it
// serves. HOST: the address at which a node with a network of its own reaches it, through a proxy; empty: there is no such node.
const [port = '0', host = '', kind, ...places] = process.argv.slice(2);

const store =
  kind === 'etcd' ? new EtcdStore({ endpoints: places }) : new LmdbStore({ dir: places[0] ?? '' });
const manager = new Manager({ store });
const hostNames = host === '' ? [] : [host];
const server = await createManagerServer(manager, {
  port: Number(port),
  hostNames,
  onError: () => undefined,
});
process.once('SIGTERM', async () => {
  await server.close();
  await manager.close();
  // The channel alone would keep the process; nothing else may.
  process.removeAllListeners('disconnect');
  process.disconnect();
});
// Without the harness there is no work.
process.once('disconnect', () => process.exit());
process.send?.(server.url);
