import { CfluxClient, encodeMetadata, HttpTransport, LocalMetaClient } from 'clusterflux';
import { createManagerServer, Manager, MemoryStore } from 'clusterflux/manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import { recordingProxy } from '../../support/recording-proxy.js';

async function cluster() {
  const manager = new Manager({ store: new MemoryStore() });
  const server = await createManagerServer(manager, { port: 0 });
  onTestFinished(async () => {
    await server.close();
    await manager.close();
  });
  const proxy = await recordingProxy(server.url);
  const node = async () => {
    const client = new CfluxClient(new LocalMetaClient(), {
      transport: new HttpTransport({ endpoint: proxy.url }),
    });
    onTestFinished(() => client.close());
    await client.open();
    return client;
  };
  return { manager, server, proxy, node };
}

describe('R29: deltas over HTTP', () => {
  it('a change is pushed and polled as a delta, and both nodes and the manager have the same bytes', async () => {
    const { manager, proxy, node } = await cluster();
    const a = await node();
    for (let i = 0; i < 50; i++) await a.createDatabase(`db${i}`);
    const b = await node();
    await b.waitForVersion(a.status.version, { timeout: 10_000 });
    await a.createDatabase('one more');
    await b.waitForVersion(a.status.version, { timeout: 10_000 });
    await b.createDatabase('and another');
    await a.waitForVersion(b.status.version, { timeout: 10_000 });
    const patches = proxy.exchanges.filter(({ method }) => method === 'PATCH');
    expect(patches.every(({ status }) => status === 200)).toBe(true);
    expect(patches.length).toBeGreaterThan(10);
    expect(proxy.exchanges.filter(({ status }) => status === 226).length).toBeGreaterThanOrEqual(2);
    const stored = Buffer.from(await manager.version('default', a.status.version));
    const index = (client: typeof a) => client.meta.data();
    expect(index(a).databases).toEqual(index(b).databases);
    expect(stored.length).toBe(encodeMetadata(index(a)).length);
  });
});
