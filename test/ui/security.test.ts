import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { expect, it, onTestFinished } from 'vitest';
import { describeWithServer } from '../support/servers.js';
import { builtUiOf } from './support/built-ui.js';
import { openPage, serveSample, serveUi } from './support/dashboard.js';

const views = ['#/', '#/prod/nodes', '#/prod/history', '#/prod/data', '#/prod/data/users', '#/activity'];
const scopesOf = (...scopes: ('read' | 'write' | 'admin')[]) => scopes;

/** A page of another origin, until the test is over. */
async function foreignPage(html: string): Promise<string> {
  const server = createServer((_, response) => response.setHeader('Content-Type', 'text/html').end(html));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => server.closeAllConnections());
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

describeWithServer('chromium', 'the dashboard in Chromium: security', () => {
  it('the built files take at most 120 kB', async () => {
    const directory = await builtUiOf();
    const sizes = await Promise.all(
      (await readdir(directory)).map(async (name) => (await readFile(join(directory, name))).byteLength),
    );
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(120_000);
  });

  it('no view violates the policy, none requests another origin', async () => {
    const { url, prod, manager } = await serveSample();
    const { page, faults, requested } = await openPage(url);
    for (const route of [...views, '#/prod/data/db/sensors']) {
      await page.goto(`${url}/ui/${route}`);
      await page
        .getByRole('table')
        .or(page.getByRole('list', { name: /Kept versions/ }))
        .first()
        .waitFor();
    }
    const history = await manager.history('prod');
    await page.goto(`${url}/ui/#/prod/history/${history[1]?.version}..${prod.version}`);
    await page.getByRole('button', { name: /^Roll back to/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    expect(faults).toEqual([]);
    expect(requested.filter((each) => !each.startsWith(url))).toEqual([]);
    // The policy is active: what it forbids is refused.
    const refused = await page.evaluate(
      "(() => { try { document.body.innerHTML = '<b>text</b>'; return false; } catch { return true; } })()",
    );
    expect(refused).toBe(true);
  });

  it('another page cannot frame it, and a link of another page opens it', async () => {
    const { url } = await serveSample();
    const foreign = await foreignPage(
      `<iframe src="${url}/ui/"></iframe><a href="${url}/ui/#/prod/nodes">open</a>`,
    );
    const { page } = await openPage(url);
    await page.goto(foreign.replace('127.0.0.1', 'localhost'));
    const frame = page.frames()[1];
    await expect.poll(() => frame?.url()).toMatch(/chrome-error|about:blank/);
    await page.getByRole('link', { name: 'open' }).click();
    await page.getByRole('heading', { name: 'prod' }).waitFor();
  });

  it('with tokens: the deep link survives the sign-in, and the token is in the session only', async () => {
    const token = 'a-token-of-an-operator';
    const { url } = await serveSample({}, { tokens: [{ name: 'ana', token, scopes: scopesOf('admin') }] });
    const { page, requested } = await openPage(url, '#/prod/nodes?state=left');
    await page.getByLabel('Token').fill('a-wrong-token-of-nobody');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('the token is unknown or was removed').waitFor();
    await page.getByRole('button', { name: 'Forget the token' }).click();
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('row', { name: /influx-7/ }).waitFor();
    expect(page.url()).toContain('#/prod/nodes?state=left');
    const kept = await page.evaluate('[JSON.stringify({ ...localStorage }), document.cookie, location.href]');
    expect(JSON.stringify(kept)).not.toContain(token);
    expect(requested.join(' ')).not.toContain(token);

    const second = await page.context().newPage();
    await second.goto(`${url}/ui/#/staging/nodes`);
    await second.getByRole('row', { name: /staging-1/ }).waitFor();
    const context = page.context();
    for (const each of context.pages()) await each.close();
    const later = await context.newPage();
    await later.goto(`${url}/ui/`);
    await later.getByLabel('Token').waitFor();
  });

  it('a token that is revoked is asked for once, and what is shown is gone', async () => {
    const tokens = [{ name: 'ana', token: 'a-token-of-an-operator', scopes: scopesOf('admin') }];
    const { url, manager, close } = await serveSample({}, { tokens });
    const { page, requested } = await openPage(url);
    await page.getByLabel('Token').fill('a-token-of-an-operator');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('table', { name: 'Clusters' }).waitFor();
    await page.route('**/*', (route) =>
      route.fulfill({
        status: 401,
        contentType: 'application/problem+json',
        body: JSON.stringify({ detail: 'the token was removed', code: 'UNAUTHORIZED' }),
      }),
    );
    await page.getByLabel('Token').waitFor();
    expect(await page.getByRole('table').count()).toBe(0);
    const before = requested.length;
    await page.waitForTimeout(3_000);
    expect(requested.length - before).toBeLessThanOrEqual(3);
    await close();
    expect(manager.heldPolls).toBe(0);
  });

  it('a token of scope read and one cluster: its nodes and versions, no contents, no actions', async () => {
    const token = 'a-token-of-the-reader';
    const { url } = await serveSample(
      { nodeTtl: 1_500 },
      { tokens: [{ name: 'reader', token, scopes: scopesOf('read'), cluster: 'prod' }] },
    );
    const { page } = await openPage(url);
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('link', { name: 'prod', exact: true }).waitFor();
    expect(await page.getByRole('link', { name: 'staging', exact: true }).count()).toBe(0);
    await page.goto(`${url}/ui/#/prod/nodes?state=left`);
    await page.getByRole('row', { name: /influx-7/ }).click();
    await page.getByRole('dialog').waitFor();
    expect(await page.getByRole('button', { name: /Remove/ }).count()).toBe(0);
    await page.keyboard.press('Escape');
    await page.goto(`${url}/ui/#/activity`);
    await page.getByRole('cell', { name: 'pushed a version' }).first().waitFor();
    expect(await page.getByRole('link', { name: 'staging' }).count()).toBe(0);
  });

  it('hostile names are text, and can be linked to', async () => {
    const { url, manager } = await serveUi();
    const names = [
      '<img src=x onerror=alert(1)>',
      '__proto__',
      '\u202egnp.exe',
      'a\u0000b\u001b[31m\n',
      'x'.repeat(255),
      '../..%2f',
      'a b+c?d#e',
    ];
    for (const name of names) await manager.register(name, { ip: '', hostname: name, bindAddress: name });
    const { page, faults } = await openPage(url);
    await page.getByRole('table', { name: 'Clusters' }).waitFor();
    expect(await page.locator('img').count()).toBe(0);
    for (const name of names) {
      await page.goto(`${url}/ui/#/${encodeURIComponent(name)}/nodes`);
      await page.getByRole('table', { name: 'Nodes' }).waitFor();
      expect(await page.getByRole('row').count(), JSON.stringify(name)).toBe(2);
    }
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('a b+c?d#e');
    await page.goto(`${url}/ui/#/${encodeURIComponent('\u202egnp.exe')}/nodes`);
    await page.getByRole('heading', { name: '\\u{202e}gnp.exe' }).waitFor();
    expect(faults).toEqual([]);
  });

  it('no hash leaves the worker', async () => {
    const { url, manager } = await serveUi();
    const meta = new LocalMetaClient({ bcryptCost: 4 });
    const client = new CfluxClient(meta, { cluster: 'prod', endpoint: url });
    onTestFinished(() => client.close());
    await client.open();
    await client.createUser('ana', 'a password', true);
    await client.createDatabase('telegraf');
    await client.updateUser('ana', 'another password');
    const hashes = meta.data().users.map(({ hash }) => hash);
    const history = await manager.history('prod');
    const { page } = await openPage(url);
    await page.evaluate(`{
      const { postMessage } = Worker.prototype;
      window.seen = [];
      Worker.prototype.postMessage = function (message) {
        if (seen.length === 0) this.addEventListener('message', ({ data }) => seen.push(JSON.stringify(data)));
        seen.push(JSON.stringify(message));
        return postMessage.call(this, message);
      };
    }`);
    for (const view of [
      '#/prod/data/users',
      '#/prod/data',
      `#/prod/history/${history[2]?.version}..${history[0]?.version}`,
    ]) {
      await page.evaluate(`location.hash = '${view}'`);
      await page
        .getByRole('table')
        .or(page.getByRole('region', { name: 'Differences' }))
        .first()
        .waitFor();
    }
    await page.getByText('~ user "ana" / password: changed').waitFor();
    const everything: string = await page.evaluate(
      "[document.documentElement.outerHTML, JSON.stringify({ ...localStorage, ...sessionStorage }), ...seen].join('\\n')",
    );
    expect(everything).toContain('telegraf');
    for (const hash of hashes) expect(everything).not.toContain(hash);
    expect(everything).not.toMatch(/\$2[aby]\$/);
  });
});
