import { createManagerServer, EtcdStore, Manager } from '../../../src/manager/index.js';

// A manager on etcd, in a process of its own: `etcd-manager.ts PORT PREFIX ENDPOINT…`. SIGUSR2 moves its clock an hour, back and forth.
const [port = '0', prefix = '/', ...endpoints] = process.argv.slice(2);

const { now } = Date;
let offset = 0;
Date.now = () => now() + offset;
process.on('SIGUSR2', () => {
  offset = offset > 0 ? -3_600_000 : 3_600_000;
});

const manager = new Manager({ store: new EtcdStore({ endpoints, prefix }) });
const server = await createManagerServer(manager, { port: Number(port) });
process.once('SIGTERM', async () => {
  await server.close();
  await manager.close();
});
process.stdout.write(`${server.url}\n`);
