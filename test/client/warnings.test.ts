import { setImmediate as nextTurn } from 'node:timers/promises';
import { CfluxClient, HttpTransport, LocalMetaClient, type Transport } from 'clusterflux';
import { LocalTransport, Manager, MemoryStore } from 'clusterflux/manager';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { serve } from '../support/serve.js';

const warnings: Error[] = [];
const note = (warning: Error) => warnings.push(warning);

beforeEach(() => {
  warnings.length = 0;
  process.on('warning', note);
});

afterEach(() => void process.off('warning', note));

/** Node warns of a leak where a signal has more than ten listeners; many callers that wait are not a leak. */
const many = 15;

const transports: Record<string, () => Promise<Transport>> = {
  async LocalTransport() {
    const manager = new Manager({ store: new MemoryStore() });
    onTestFinished(() => manager.close());
    return new LocalTransport(manager);
  },
  async HttpTransport() {
    const { url } = await serve();
    return new HttpTransport({ endpoint: url });
  },
};

describe.each(Object.entries(transports))('a process gets no warning through %s', (_, connect) => {
  it(`R14: of ${many} clients that share it, and of ${many} calls that wait`, async () => {
    const transport = await connect();
    const clients = Array.from({ length: many }, () => new CfluxClient(new LocalMetaClient(), { transport }));
    for (const client of clients) await client.open();
    const [first] = clients;
    const waits = clients.map(() => first?.waitForVersion(Number.MAX_SAFE_INTEGER));
    const waiting = Promise.allSettled(waits);
    const changes = clients.map((_, i) => first?.createDatabase(`db${i}`));
    await Promise.all(changes);
    await Promise.all(clients.map((client) => client.close()));
    for (const result of await waiting) expect(result.status).toBe('rejected');
    await transport.close?.();
    await nextTurn();
    expect(warnings).toEqual([]);
  });
});
