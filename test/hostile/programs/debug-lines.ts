import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { CfluxClient, LocalMetaClient } from '../../../src/index.js';
import { InfluxMirror } from '../../../src/influxdb/index.js';
import { createManagerServer, Manager, MemoryStore } from '../../../src/manager/index.js';

// Writes debug lines of a client and of a mirror that meet the name of the first argument everywhere. Prints `ready` at its end.
const [, , name = ''] = process.argv;

const manager = new Manager({ store: new MemoryStore() });
const server = await createManagerServer(manager, { port: 0 });
const client = new CfluxClient(new LocalMetaClient(), { endpoint: server.url, cluster: name });
await client.open();
await client.createDatabase('d');

/** Refuses everything, in words of the sender. */
const hostile = createServer((request, response) => {
  request.resume();
  const body = JSON.stringify({ error: name, message: name, code: name });
  response.writeHead(500, { 'content-type': 'application/json' }).end(body);
});
await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(hostile.address() as AddressInfo).port}`;
const mirror = new InfluxMirror({ url });
const failure = new Promise<void>((resolve) => mirror.once('failed', () => resolve()));
mirror.follow(client);
const lost = new CfluxClient(new LocalMetaClient(), { endpoint: url, cluster: name, retry: { attempts: 2 } });
await Promise.all([failure, lost.open({ signal: AbortSignal.timeout(2_000) }).catch(() => {})]);
await pause(0);
await Promise.all([mirror.close(), lost.close(), client.close()]);
await server.close();
hostile.closeAllConnections();
hostile.close();
process.stdout.write('ready\n');
