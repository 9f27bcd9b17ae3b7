import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { MemoryStore } from 'clusterflux/manager';
import { expect, it, onTestFinished } from 'vitest';
import { describeWithServer } from '../support/servers.js';
import { openPage, serveSample, serveUi } from './support/dashboard.js';

const clientOf = async (endpoint: string) => {
  const client = new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), {
    cluster: 'prod',
    endpoint,
    heartbeatInterval: 200,
  });
  onTestFinished(() => client.close());
  await client.open();
  return client;
};

describeWithServer('chromium', 'the dashboard in Chromium: live', () => {
  it('a push of a real node shows in overview, history and activity without a reload', async () => {
    const { url } = await serveUi();
    const client = await clientOf(url);
    const { page } = await openPage(url);
    for (const [route, database] of [
      ['#/', 'one'],
      ['#/prod/history', 'two'],
      ['#/activity', 'three'],
    ] as const) {
      await page.goto(`${url}/ui/${route}`);
      await page
        .getByRole('table')
        .or(page.getByRole('list', { name: /^Kept/ }))
        .first()
        .waitFor();
      await client.createDatabase(database);
      await page.getByText(String(client.status.version)).first().waitFor();
    }
  });

  it('a node that falls silent, one that closes, one that is behind and catches up, and an agent with findings', async () => {
    const { url, prod } = await serveSample({ nodeTtl: 1_500 });
    const { page } = await openPage(url, '#/prod/nodes');
    const row = (name: string) => page.getByRole('row', { name: new RegExp(`${name} `) });
    const [first, , , , , sixth] = prod.nodes;
    if (first === undefined || sixth === undefined) throw new Error('the sample has twelve nodes');
    const client = await clientOf(url);
    const id = client.status.nodeId;
    await page.getByRole('row', { name: new RegExp(`up to date ${id}`) }).waitFor();
    await client.close({ deregister: false });
    await page.getByRole('row', { name: new RegExp(`left ${id}`) }).waitFor();
    first.isAlive = false;
    await row('influx-1').getByText('silent').waitFor();
    sixth.stuckAt = prod.version;
    await prod.report(sixth, {
      refused: 1,
      findings: [{ kind: 'refused', text: 'database "c/d": refused' }],
    });
    await row('influx-6').getByText('1 refused').waitFor();
    await page.goto(`${url}/ui/#/`);
    await page.getByText('database "c/d": refused').waitFor();
    await prod.report(sixth);
    await page.goto(`${url}/ui/#/prod/nodes`);
    await expect
      .poll(async () => (await row('influx-4').textContent()) ?? '')
      .toMatch(/behind.*3 versions, \d+ s/);
    const fourth = prod.nodes[3];
    if (fourth !== undefined) fourth.stuckAt = undefined;
    await row('influx-4').getByText('up to date').waitFor();
  });

  it('two managers on one store agree on the versions of nodes', async () => {
    const store = new MemoryStore();
    const one = await serveSample({ store });
    const two = await serveUi({ store: store.share() });
    const { page } = await openPage(two.url, '#/prod/nodes?find=influx-4');
    await page
      .getByRole('row', { name: /influx-4 / })
      .getByText(String(one.prod.nodes[3]?.stuckAt))
      .waitFor();
  });

  it('the manager is killed: what is shown is kept and old, one request a second at most, and it recovers', async () => {
    const store = new MemoryStore();
    const { url, close, manager } = await serveUi({ store });
    await manager.register('prod', { ip: '', hostname: 'host-1', bindAddress: 'h:1' });
    const { page, requested } = await openPage(url, '#/prod/nodes');
    await page.getByRole('row', { name: /host-1/ }).waitFor();
    await close();
    await page.getByText(/as of \d\d:\d\d:\d\d, trying again in \d s/).waitFor();
    expect(await page.getByRole('row', { name: /host-1/ }).count()).toBe(1);
    const before = requested.length;
    const begin = Date.now();
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    expect(requested.length - before).toBeLessThanOrEqual(Math.ceil((Date.now() - begin) / 1_000));
    const again = await serveUi({ store: store.share() }, { port: Number(new URL(url).port) });
    await again.manager.register('prod', { ip: '', hostname: 'host-2', bindAddress: 'h:1' });
    await page
      .getByRole('button', { name: 'Try now' })
      .click()
      .catch(() => {});
    await page.getByRole('row', { name: /host-2/ }).waitFor();
    await page.getByText('another manager process responds now').waitFor();
    expect(await page.getByText(/trying again/).count()).toBe(0);
  });

  it('a cluster that was deleted and began again: told as another history', async () => {
    const { url, prod, manager } = await serveSample();
    const { page } = await openPage(url, '#/prod/history');
    await page.getByRole('list', { name: /^Kept/ }).waitFor();
    await manager.deleteCluster('prod');
    prod.nodes.length = 0;
    prod.version = 0;
    await prod.change((meta) => meta.createDatabase('again'));
    await page.getByText('has another history now').waitFor();
    await expect.poll(() => page.getByRole('list', { name: /^Kept/ }).getByRole('listitem').count()).toBe(1);
  });

  it('seven tabs work side by side, and a hidden tab holds nothing', async () => {
    const { url, prod, manager } = await serveSample();
    const { page } = await openPage(url, '#/prod/history');
    const pages = [page];
    for (let at = 1; at < 7; at++) {
      const next = await page.context().newPage();
      await next.goto(`${url}/ui/#/prod/history`);
      pages.push(next);
    }
    for (const each of pages) await each.getByRole('list', { name: /^Kept/ }).waitFor();
    const version = await prod.change((meta) => meta.createDatabase('for-all'));
    for (const each of pages) await each.getByText(String(version)).first().waitFor();
    expect(manager.heldPolls).toBeLessThanOrEqual(4);
    for (const each of pages)
      await each.evaluate(`{
        Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }`);
    await expect.poll(() => manager.heldPolls).toBe(0);
  });

  it('below a prefix behind a proxy that strips it: page, live data, differences and deep links', async () => {
    const { url, prod, manager } = await serveSample();
    const target = new URL(url);
    const proxy = createServer((incoming, outgoing) => {
      const path = (incoming.url ?? '').replace(/^\/a\/b(?=\/)/, '');
      if (path === incoming.url) return outgoing.writeHead(404).end();
      const headers = {
        ...incoming.headers,
        host: target.host,
        'x-forwarded-host': incoming.headers.host ?? '',
      };
      const passed = request({ port: target.port, method: incoming.method, path, headers }, (response) => {
        outgoing.writeHead(response.statusCode ?? 502, response.headers);
        response.pipe(outgoing);
      });
      passed.on('error', () => outgoing.destroy());
      outgoing.on('close', () => passed.destroy());
      return incoming.pipe(passed);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      proxy.closeAllConnections();
      proxy.close();
    });
    const [, , older] = await manager.history('prod');
    const prefix = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/a/b`;
    const { page, requested, faults } = await openPage(
      prefix,
      `#/prod/history/${older?.version}..${prod.version}`,
    );
    await page.locator('.lines').waitFor();
    expect(requested.filter((each) => !each.startsWith(`${prefix}/`))).toEqual([]);
    const version = await prod.change((meta) => meta.createDatabase('through-the-proxy'));
    await page.getByText(String(version)).first().waitFor();
    expect(faults).toEqual([]);
  });
});
