import {
  CfluxClient,
  clientMetrics,
  decodeMetadata,
  encodeMetadata,
  HttpTransport,
  LocalMetaClient,
} from 'clusterflux';
import { Registry } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ClusterTarget } from '../../src/cli/cluster-target.js';
import { balancer, isPush } from '../faults/support/balancer.js';
import { answer } from '../support/raw-server.js';
import { serve } from '../support/serve.js';

const cluster = 'c';
const retry = { minDelay: 1, maxDelay: 1 };

/** The values of the metrics with `name`, by their label. */
function valuesOf(text: string, name: string): Record<string, number> {
  const lines = text.split('\n').flatMap((line) => {
    const [, label = '', value] = new RegExp(`^${name}\\{.*"(\\w+)"\\} (\\d+)$`).exec(line) ?? [];
    return value === undefined ? [] : [[label, Number(value)] as const];
  });
  return Object.fromEntries(lines);
}

/** A cluster that is large enough for deltas. */
async function largeCluster(url: string): Promise<CfluxClient> {
  const meta = new LocalMetaClient({ bcryptCost: 4 });
  for (let i = 0; i < 200; i++) await meta.createDatabase(`db${i}`);
  const client = new CfluxClient(meta, { cluster, transport: new HttpTransport({ endpoint: url, retry }) });
  onTestFinished(() => client.close({ timeout: 100 }));
  await client.open();
  return client;
}

describe('R29: metrics count in which form metadata is sent', () => {
  it('of a manager and of clients, and deltas that a snapshot replaced', async () => {
    const { url } = await serve();
    const front = await balancer(url);
    const registry = new Registry();
    const writer = await largeCluster(front.url);
    await clientMetrics(writer, { registry });
    const followed = new Registry();
    const follower = new CfluxClient(new LocalMetaClient(), { cluster, endpoint: url });
    onTestFinished(() => follower.close({ timeout: 100 }));
    await follower.open();
    await clientMetrics(follower, { registry: followed });

    await writer.createDatabase('one more');
    await follower.waitForVersion(writer.status.version, { timeout: 30_000 });
    // A component on the way refuses deltas: the same push goes again as a whole.
    front.mischief = {
      request: ({ method }) => (method === 'PATCH' ? answer(405, {}) : undefined),
    };
    await writer.createDatabase('another');
    await follower.waitForVersion(writer.status.version, { timeout: 30_000 });

    const sent = valuesOf(await registry.metrics(), 'cflux_client_sent_versions_total');
    expect(sent).toEqual({ delta: 1, snapshot: 0, fallback: 1 });
    const received = valuesOf(await followed.metrics(), 'cflux_client_received_versions_total');
    expect(received).toEqual({ delta: 1, snapshot: 1, fallback: 0 });
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(valuesOf(text, 'cflux_pushed_versions_total')).toEqual({ delta: 1, snapshot: 2 });
    expect(valuesOf(text, 'cflux_polled_versions_total')).toMatchObject({ delta: 1 });
    expect(valuesOf(text, 'cflux_delta_fallbacks_total')).toEqual({ too_large: 0, refused: 0 });

    const refused = await fetch(`${url}/clusters/${cluster}/versions/${writer.status.version}`, {
      method: 'PATCH',
      body: 'no delta',
      headers: {
        'content-type': 'application/vcdiff',
        'cflux-result-digest': `sha-256=:${'A'.repeat(43)}=:`,
      },
    });
    expect(refused.ok).toBe(false);
    const after = await (await fetch(`${url}/metrics`)).text();
    expect(valuesOf(after, 'cflux_delta_fallbacks_total')).toEqual({ too_large: 0, refused: 1 });
  });
});

describe('R29: a command pushes a delta', () => {
  const targetOf = (endpoint: string) => {
    const transport = new HttpTransport({ endpoint, retry });
    onTestFinished(() => transport.close());
    return new ClusterTarget({
      transport,
      cluster,
      createCluster: false,
      allowNoAdmin: false,
      timeout: 10_000,
    });
  };

  it('from the bytes that it polled, and from the bytes that it pushed', async () => {
    const { url } = await serve();
    const writer = await largeCluster(url);
    const front = await balancer(url);
    const target = targetOf(front.url);
    await target.mutate((meta) => meta.createDatabase('a'));
    await target.mutate((meta) => meta.createDatabase('b'));
    expect(front.passages.filter(isPush).map(({ method, status }) => `${method} ${status}`)).toEqual([
      'PATCH 200',
      'PATCH 200',
    ]);
    await writer.waitForVersion(target.version, { timeout: 30_000 });
  });

  it('only if its metadata encodes to them', async () => {
    const { url, manager } = await serve();
    const writer = await largeCluster(url);
    const { version } = writer.status;
    const known = encodeMetadata(decodeMetadata(await manager.version(cluster, version)));
    // The term a second time: the same metadata, in other bytes.
    const snapshot = Buffer.concat([known, Buffer.of(0x08, 1)]);
    await manager.push({ cluster, version, snapshot, mutation: 'of-a-later-release' });
    const front = await balancer(url);
    await targetOf(front.url).mutate((meta) => meta.createDatabase('a'));
    expect(front.passages.filter(isPush).map(({ method, status }) => `${method} ${status}`)).toEqual([
      'POST 200',
    ]);
  });
});
