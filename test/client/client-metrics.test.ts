import { CfluxClient, type CfluxOptions, clientMetrics, HttpTransport, LocalMetaClient } from 'clusterflux';
import { FakeManager, FaultyTransport } from 'clusterflux/testing';
import { Registry } from 'prom-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Authority } from '../support/certificates.js';

async function open(cluster: string, fake: FakeManager, meta = new LocalMetaClient()) {
  const network = new FaultyTransport(fake.transport, { patience: 1 });
  const client = new CfluxClient(meta, { cluster, transport: network, retry: { attempts: 1 } });
  onTestFinished(() => client.close());
  return { client, network };
}

function manager(): FakeManager {
  const fake = new FakeManager();
  onTestFinished(() => fake.close());
  return fake;
}

/** The value of one series. */
async function seriesValue(registry: Registry, series: string): Promise<number | undefined> {
  const line = (await registry.metrics()).split('\n').find((each) => each.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

describe('metrics of a client', () => {
  it('count state, version, changes, conflicts and replaced metadata', async () => {
    const fake = manager();
    const registry = new Registry();
    const { client, network } = await open('prod', fake);
    await clientMetrics(client, { registry });
    const value = (series: string) => seriesValue(registry, `cflux_client_${series}`);
    expect(await value('state{cluster="prod",state="created"}')).toBe(1);
    expect(await value('pushes_total{cluster="prod"}')).toBe(0);
    expect(await value('last_heartbeat_timestamp_seconds{cluster="prod"}')).toBeUndefined();

    await client.open();
    await Promise.all([client.createDatabase('a'), client.createDatabase('b')]);
    expect(await value('state{cluster="prod",state="online"}')).toBe(1);
    expect(await value('state{cluster="prod",state="created"}')).toBe(0);
    expect(await value('version{cluster="prod"}')).toBe(client.status.version);
    expect(await value('mutations_total{cluster="prod",result="pushed"}')).toBe(2);
    expect(await value('pushed_bytes_total{cluster="prod"}')).toBeGreaterThan(0);
    // The first poll is sent after the node is online.
    await expect
      .poll(() => value('last_sync_timestamp_seconds{cluster="prod"}'))
      .toBeCloseTo(Date.now() / 1_000, -2);

    network.failNext('push', { refuse: true });
    await expect(client.createDatabase('c')).rejects.toThrow();
    expect(await value('mutations_total{cluster="prod",result="rolled_back"}')).toBe(1);
    network.failNext('push', { lose: 'answer' });
    await expect(client.createDatabase('d')).rejects.toMatchObject({ code: 'UNKNOWN_OUTCOME' });
    expect(await value('mutations_total{cluster="prod",result="unknown"}')).toBe(1);
  });

  it('show when the certificates for the manager expire, of each cluster, and only where there are some', async () => {
    const authority = await Authority.create('authority');
    const { cert, key } = await authority.issue('node', 5);
    const http = { endpoint: 'https://127.0.0.1:1', tls: { ca: authority.ca, cert, key, warn: () => {} } };
    const secure = (options: CfluxOptions) => new CfluxClient(new LocalMetaClient(), options);
    const own = secure({ cluster: 'a', ...http });
    const given = secure({ cluster: 'b', transport: new HttpTransport(http) });
    const { client: plain } = await open('plain', manager());
    const registry = new Registry();
    await clientMetrics([own, given, plain], { registry });
    const line =
      /^cflux_client_certificate_expiry_timestamp_seconds\{cluster="(\w+)",option="(\w+)",subject="CN=(\w+)",serial="\w+"\} (\S+)$/gm;
    const shown = [...(await registry.metrics()).matchAll(line)].map(
      ([, cluster, option, subject, seconds]) => [
        cluster,
        option,
        subject,
        Math.round((Number(seconds) - Date.now() / 1_000) / 86_400),
      ],
    );
    expect(shown).toEqual([
      ['a', 'cert', 'node', 5],
      ['a', 'ca', 'authority', 3_650],
      ['b', 'cert', 'node', 5],
      ['b', 'ca', 'authority', 3_650],
    ]);
  });

  it('show several clusters side by side, each series once', async () => {
    const fake = manager();
    const registry = new Registry();
    const meta = new LocalMetaClient();
    await meta.createDatabase('mine');
    const [a, b] = [await open('a', fake), await open('b', fake, meta)];
    const seed = await open('b', fake);
    await seed.client.open();
    await clientMetrics([a.client, b.client], { registry });
    await a.client.open();
    await b.client.open();
    await a.client.createDatabase('x');
    expect(await seriesValue(registry, 'cflux_client_pushes_total{cluster="a"}')).toBe(1);
    expect(await seriesValue(registry, 'cflux_client_pushes_total{cluster="b"}')).toBe(0);
    expect(await seriesValue(registry, 'cflux_client_replaced_total{cluster="b",reason="joined"}')).toBe(1);
    const series = (await registry.metrics()).split('\n').filter((line) => line && !line.startsWith('#'));
    const names = series.map((line) => line.slice(0, line.lastIndexOf(' ')));
    expect(new Set(names).size).toBe(names.length);
  });
});
