import { mkdtemp } from 'node:fs/promises';
import { request as begin, createServer, Agent as HttpAgent } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGateway } from '../../src/gateway/index.js';
import { CfluxClient, LocalMetaClient } from '../../src/index.js';
import { InfluxMirror } from '../../src/influxdb/index.js';

// A proxy in a process of its own, so that its processor time and memory are measured apart from those of the load.
// Arguments: gateway <URL of the server> <URL of the manager> <snapshot address>, bare <URL of the server>, or source.

const [kind, url = '', endpoint = '', snapshot = ''] = process.argv.slice(2);

async function serveGateway(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-bench-'));
  // As an agent's: durable.
  const client = new CfluxClient(new LocalMetaClient({ dir }), { endpoint, cluster: 'bench', dir });
  const mirror = new InfluxMirror({ url, dir, snapshot: snapshot === '' ? false : snapshot });
  mirror.follow(client);
  await client.open();
  return (await createGateway({ client, mirror, port: 0 })).url;
}

/** The shortest pass-through on node:http. */
async function serveBare(): Promise<string> {
  const { hostname, port } = new URL(url);
  const agent = new HttpAgent({ keepAlive: true, maxFreeSockets: 256 });
  return listening(
    createServer((request, response) => {
      const outgoing = begin(
        {
          host: hostname,
          port,
          method: request.method ?? 'GET',
          path: request.url ?? '/',
          headers: request.headers,
          agent,
        },
        (incoming) => {
          response.writeHead(incoming.statusCode ?? 502, incoming.headers);
          incoming.pipe(response);
        },
      );
      request.pipe(outgoing);
    }),
  );
}

const piece = Buffer.alloc(64 * 1024, 'x');
const pieces = 1_600;

/** A server whose every response is 100 MB in chunks. */
async function serveSource(): Promise<string> {
  return listening(
    createServer((request, response) => {
      request.resume();
      let left = request.url === '/big' ? pieces : 0;
      const write = () => {
        while (left-- > 0) if (!response.write(piece)) return void response.once('drain', write);
        response.end();
      };
      write();
    }),
  );
}

async function listening(server: ReturnType<typeof createServer>): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

let peak = 0;
const watch = () => {
  peak = Math.max(peak, process.memoryUsage.rss());
};
setInterval(watch, 5).unref();

process.on('message', (question) => {
  if (question === 'memory') {
    globalThis.gc?.();
    peak = 0;
    watch();
  }
  const { user, system } = process.cpuUsage();
  process.send?.({
    cpu: (user + system) / 1_000,
    rss: question === 'peak' ? peak : process.memoryUsage.rss(),
  });
});
process.on('disconnect', () => process.exit());
const serve = { gateway: serveGateway, bare: serveBare, source: serveSource }[kind ?? ''];
process.send?.({ url: await serve?.() });
