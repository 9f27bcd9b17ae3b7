import { createServer, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { createManagerServer, LmdbStore, Manager, MemoryStore } from '../../src/manager/index.js';
import { hashSamples } from '../delta/hash-samples.js';

// A server in a process of its own, so that its CPU and memory are measured apart from those of the load.
// Arguments: manager | bare-heartbeat | bare-fan-out | headed-fan-out; for a manager its directory (none: memory), its turn, and whether it hashes samples only;
// for a headed fan-out the headers of its responses, as JSON.

const [kind, dir = '', turn = '250', hashing] = process.argv.slice(2);
if (hashing === 'samples') hashSamples();

async function serveManager(): Promise<string> {
  const store = dir === '' ? new MemoryStore() : new LmdbStore({ dir });
  const manager = new Manager({ store, conflictHold: Number(turn) });
  return (await createManagerServer(manager, { port: 0 })).url;
}

/** The least that a heartbeat can cost with node:http. */
const answerEmpty = (response: ServerResponse) => {
  response.writeHead(200, { 'Content-Length': 0 });
  response.end();
};

/** The least that a fan-out can cost with node:http: one shared buffer, and nothing asked. */
const waiting: ServerResponse[] = [];
function send(response: ServerResponse, body: Buffer, headers: OutgoingHttpHeaders | string[]): void {
  response.writeHead(200, headers);
  response.end(body);
}

/** All in one turn of the event loop, or headed in slices, between which other requests are served. */
async function fanOut(body: Buffer): Promise<void> {
  const responses = waiting.splice(0);
  const isHeaded = kind === 'headed-fan-out';
  const size = isHeaded ? 32 : responses.length;
  const length = String(body.byteLength);
  const headers = isHeaded
    ? [...JSON.parse(dir), 'Content-Length', length]
    : { 'Content-Type': 'application/octet-stream', 'Content-Length': length };
  while (responses.length > 0) {
    for (const response of responses.splice(-size)) send(response, body, headers);
    if (responses.length > 0) await setImmediate();
  }
}

async function serveBare(): Promise<string> {
  const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
    if (kind === 'bare-heartbeat') answerEmpty(response);
    else if (request.method === 'GET') waiting.push(response);
    else {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        void fanOut(Buffer.concat(chunks));
        answerEmpty(response);
      });
    }
  });
  await new Promise<void>((resolve) =>
    server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, resolve),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const delays = monitorEventLoopDelay({ resolution: 1 });
/** A timer that was late by now counts, too. */
async function answerLongestBlock(): Promise<void> {
  await setTimeout(10);
  process.send?.({ maxBlock: delays.max / 1e6 });
  delays.enable();
  delays.reset();
}

process.on('message', (question) => {
  if (question === 'block') return void answerLongestBlock();
  if (question === 'memory') globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  process.send?.({ cpu: (user + system) / 1_000, rss: process.memoryUsage.rss() });
});
process.on('disconnect', () => process.exit());
process.send?.({ url: await (kind === 'manager' ? serveManager() : serveBare()) });
