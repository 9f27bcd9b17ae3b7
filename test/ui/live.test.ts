import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { MemoryStore } from 'clusterflux/manager';
import { expect, it, onTestFinished } from 'vitest';
import { NodeProcess } from '../faults/support/node-process.js';
import {
  axeFindings,
  describeInChromium,
  ForwardClock,
  openPage,
  serveSample,
  serveUi,
  setVisible,
} from './support/dashboard.js';

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

describeInChromium('the dashboard in Chromium: live', () => {
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

  it('a node that closes, one that is killed, one that is behind and catches up, and an agent with findings', async () => {
    const clock = new ForwardClock();
    const { url, prod } = await serveSample({ clock });
    const { page } = await openPage(url, '#/prod/nodes');
    const row = (name: string) => page.getByRole('row', { name: new RegExp(`${name} `) });
    const client = await clientOf(url);
    const id = client.status.nodeId;
    await page.getByRole('row', { name: new RegExp(`up to date ${id}`) }).waitFor();
    await client.close({ deregister: false });
    await page.getByRole('row', { name: new RegExp(`left ${id}`) }).waitFor();

    const child = await NodeProcess.open({ endpoint: url, cluster: 'prod', heartbeatInterval: 200 });
    const { nodeId } = await child.ask<{ nodeId: number }>('status');
    const node = page.getByRole('row', { name: new RegExp(` ${nodeId} `) });
    await node.getByText('up to date').waitFor();
    child.signal('SIGSTOP');
    for (const name of ['one', 'two', 'three']) await prod.change((meta) => meta.createDatabase(name));
    clock.forward(7_000);
    await expect.poll(async () => (await node.textContent()) ?? '').toMatch(/behind.*3 versions, \d+ s/);
    child.signal('SIGCONT');
    await node.getByText('up to date').waitFor();
    child.signal('SIGKILL');
    await child.exited;
    // In steps in which the others send heartbeats: after a pause of all of them the manager would wait for each.
    await expect
      .poll(async () => {
        clock.forward(2_000);
        await prod.beatAll();
        return node.textContent();
      })
      .toMatch(/silent/);
    await expect.poll(async () => (await row('influx-4').textContent()) ?? '').toMatch(/behind.*6 versions/);
    const [, , , fourth, , sixth] = prod.nodes;
    if (fourth === undefined || sixth === undefined) throw new Error('the sample has twelve nodes');
    fourth.stuckAt = undefined;
    await row('influx-4').getByText('up to date').waitFor();

    await prod.report(sixth, {
      refused: 1,
      findings: [{ kind: 'refused', text: 'database "c/d": refused' }],
    });
    await row('influx-6').getByText('1 refused').waitFor();
    await page.evaluate("location.hash = '#/'");
    await page.getByText('database "c/d": refused').waitFor();
    await prod.change((meta) => meta.createDatabase('four'));
    // The last push reached every node that is alive: the history has the time that this took.
    await page.evaluate("location.hash = '#/prod/history'");
    const newest = page.getByRole('list', { name: /^Kept/ }).getByRole('listitem').first();
    await newest.getByText(/^reached all in/).waitFor();
  });

  it('a manager lists a moment later when the last node had a version: the history is read until then', async () => {
    const clock = new ForwardClock();
    const { url, prod } = await serveSample({ clock });
    const [, , , fourth] = prod.nodes;
    if (fourth !== undefined) fourth.stuckAt = undefined;
    for (let passed = 0; passed < 16_000; passed += 2_000) {
      clock.forward(2_000);
      await prod.beatAll();
    }
    const { page } = await openPage(url, '#/prod/activity');
    let reads = 0;
    await page.route('**/history', async (route) => {
      const response = await route.fetch();
      const listed: object[] = await response.json();
      reads += 1;
      await route.fulfill({
        response,
        json: reads > 2 ? listed : listed.map((each) => ({ ...each, reachedAt: undefined })),
      });
    });
    await prod.change((meta) => meta.createDatabase('told-later'));
    await prod.beatAll();
    await page.evaluate("location.hash = '#/prod/history'");
    const newest = page.getByRole('list', { name: /^Kept/ }).getByRole('listitem').first();
    await newest.getByText(/^reached all in/).waitFor();
    const before = reads;
    await page.waitForResponse(/\/status$/);
    await page.waitForResponse(/\/status$/);
    expect(reads).toBe(before);
  });

  it('two managers on one store agree on the versions of nodes', async () => {
    const store = new MemoryStore();
    const one = await serveSample({ store });
    const two = await serveUi({ store: store.share() });
    const { page } = await openPage(two.url, '#/prod/nodes?find=influx-4');
    await page
      .getByRole('row', { name: /influx-4 / })
      .getByRole('cell', { name: String(one.prod.nodes[3]?.stuckAt), exact: true })
      .waitFor();
  });

  it('the manager is killed: what is shown is kept and old, one request a second at most, and it recovers', async () => {
    const store = new MemoryStore();
    const { url, close, manager } = await serveUi({ store });
    await manager.register('prod', { ip: '', hostname: 'host-1', bindAddress: 'h:1' });
    const { page, requested } = await openPage(url, '#/prod/nodes', { isClockSet: true });
    await page.getByRole('row', { name: /host-1/ }).waitFor();
    await close();
    await page.waitForEvent('requestfailed');
    await page.clock.fastForward(10_000);
    await page.getByText(/as of \d\d:\d\d:\d\d, trying again in \d s/).waitFor();
    expect(await page.getByRole('row', { name: /host-1/ }).count()).toBe(1);
    expect(await axeFindings(page)).toEqual([]);
    const before = requested.length;
    const timeOfPage = () => page.evaluate('Date.now()') as Promise<number>;
    const begin = await timeOfPage();
    for (let second = 0; second < 8; second++) {
      await page.clock.runFor(1_000);
      // What a failed request leads to has happened.
      await page.evaluate("fetch('../gone').catch(() => {})");
    }
    const seconds = ((await timeOfPage()) - begin) / 1_000;
    const ofPage = requested.slice(before).filter((each) => !each.endsWith('/gone'));
    expect(ofPage.length).toBeGreaterThan(0);
    expect(ofPage.length).toBeLessThanOrEqual(Math.ceil(seconds));
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
    for (let at = 1; at < 7; at++) pages.push(await page.context().newPage());
    await Promise.all(pages.slice(1).map((each) => each.goto(`${url}/ui/#/prod/history`)));
    for (const each of pages) await each.getByRole('list', { name: /^Kept/ }).waitFor();
    const version = await prod.change((meta) => meta.createDatabase('for-all'));
    for (const each of pages) await each.getByText(String(version)).first().waitFor();
    expect(manager.heldPolls).toBeLessThanOrEqual(4);
    for (const each of pages) await setVisible(each, false);
    await expect.poll(() => manager.heldPolls).toBe(0);
  });

  it('a hidden tab sends nothing, and reads everything again once it is shown, if it missed changes', async () => {
    const { url, prod, manager } = await serveSample();
    const { page, requested } = await openPage(url, '#/activity');
    const table = page.getByRole('table', { name: /^Activity/ });
    await table.waitFor();
    await setVisible(page, false);
    await expect.poll(() => manager.heldPolls).toBe(0);
    const before = requested.length;
    // More than the manager remembers.
    for (let at = 0; at < 510; at++)
      await manager.register('other', { ip: '', hostname: `h-${at}`, bindAddress: `h-${at}:1` });
    const version = await prod.change((meta) => meta.createDatabase('while-hidden'));
    expect(requested.slice(before)).toEqual([]);
    await setVisible(page, true);
    await table.getByText(String(version)).waitFor();
    // What it knew before is gone: between it and the rest, changes are missing.
    expect(await table.getAttribute('aria-rowcount')).toBe('501');
    await page.evaluate("location.hash = '#/'");
    await page
      .getByRole('row', { name: /^other/ })
      .getByText('510/510')
      .waitFor();
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
