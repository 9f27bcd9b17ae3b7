import { createManagerServer, EtcdStore, LmdbStore, Manager } from '../../../src/manager/index.js';

// A manager in a process of its own: `manager.ts PORT lmdb DIR` or `manager.ts PORT etcd ENDPOINT…`. Says its URL when it serves.
const [port = '0', kind, ...places] = process.argv.slice(2);

const store =
  kind === 'etcd' ? new EtcdStore({ endpoints: places }) : new LmdbStore({ dir: places[0] ?? '' });
const manager = new Manager({ store });
const server = await createManagerServer(manager, { port: Number(port), onError: () => undefined });
process.once('SIGTERM', async () => {
  await server.close();
  await manager.close();
  // The channel alone would keep the process; nothing else may.
  process.removeAllListeners('disconnect');
  process.disconnect();
});
// Without the harness there is nobody to work for.
process.once('disconnect', () => process.exit());
process.send?.(server.url);
