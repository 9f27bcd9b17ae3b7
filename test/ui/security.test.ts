import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import type { Page } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { printable } from '../../src/printable.js';
import { temporaryDirectory } from '../meta/support/temporary-directory.js';
import { tlsFixture, tlsPem } from '../support/tls-fixtures.js';
import { builtUiOf } from './support/built-ui.js';
import { describeInChromium, openPage, serveSample, serveUi } from './support/dashboard.js';
import { SampleCluster } from './support/sample-fleet.js';

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

/** The manager refuses what `page`, which is of another origin, pushes to it, and stores nothing. */
async function expectRefusedPushes(
  page: Page,
  { url, prod, manager }: Awaited<ReturnType<typeof serveSample>>,
) {
  const before = await manager.history('prod');
  for (const path of ['/clusters/new/versions/0', `/clusters/prod/versions/${prod.version}`]) {
    const response = page.waitForResponse(url + path);
    await page.evaluate(`fetch('${url + path}', { method: 'POST', mode: 'no-cors', body: '\\0\\0\\0' })`);
    expect((await response).status()).toBe(403);
  }
  expect((await manager.clusters()).map(({ cluster }) => cluster)).not.toContain('new');
  expect(await manager.history('prod')).toEqual(before);
}

describeInChromium('the dashboard in Chromium: security', () => {
  it('the built files take at most 120 kB', async () => {
    const directory = await builtUiOf();
    const sizes = await Promise.all(
      (await readdir(directory)).map(async (name) => (await readFile(join(directory, name))).byteLength),
    );
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(120_000);
  });

  it('no view violates the policy, none requests another origin', async () => {
    const { url, prod, manager } = await serveSample();
    const { page, faults, requested } = await openPage(url, '#/', { hasFaults: true });
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

  it('another page cannot frame it and its push is refused, and its link opens the page', async () => {
    const sample = await serveSample();
    const { url } = sample;
    const foreign = await foreignPage(
      `<iframe src="${url}/ui/"></iframe><a href="${url}/ui/#/prod/nodes">open</a>`,
    );
    // The browser reports the frame that it refuses.
    const { page } = await openPage(url, '#/', { hasFaults: true });
    await page.goto(foreign.replace('127.0.0.1', 'localhost'));
    const frame = page.frames()[1];
    await expect.poll(() => frame?.url()).toMatch(/^chrome-error:/);
    await expectRefusedPushes(page, sample);
    await page.getByRole('link', { name: 'open' }).click();
    await page.getByRole('heading', { name: 'prod' }).waitFor();
  });

  it('with a client certificate, the page works, and the push of another page is refused too', async () => {
    const tls = { ca: tlsPem('ca'), cert: tlsPem('server'), key: tlsPem('server-key') };
    const sample = await serveSample({}, { tls });
    const { url } = sample;
    const foreign = await foreignPage('<p>foreign</p>');
    const { page } = await openPage(url, `#/prod/history`, {
      ignoreHTTPSErrors: true,
      clientCertificates: [
        { origin: url, certPath: tlsFixture('client'), keyPath: tlsFixture('client-key') },
      ],
    });
    await page.getByRole('list', { name: /^Kept/ }).getByText('+1 continuous query').waitFor();
    await page.goto(foreign.replace('127.0.0.1', 'localhost'));
    await expectRefusedPushes(page, sample);
  });

  it('a name that was made to resolve to loopback reads nothing, and opens no page', async () => {
    const { url, manager } = await serveSample();
    // Without https, the browser reports that a header has no effect.
    const { page } = await openPage('', '', { hasFaults: true });
    const rebound = url.replace('127.0.0.1', 'rebound.example');
    for (const path of ['/ui/', '/clusters', '/nodes', '/clusters/prod/versions/0'])
      expect((await page.goto(rebound + path))?.status(), path).toBe(403);
    // From a page of that very origin.
    const status = await page.evaluate(
      "fetch('/clusters/new/versions/0', { method: 'POST', body: 'x' }).then((response) => response.status)",
    );
    expect(status).toBe(403);
    expect((await manager.clusters()).map(({ cluster }) => cluster)).not.toContain('new');
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
    const file = join(await temporaryDirectory(), 'tokens.toml');
    const change = async (...names: string[]) => {
      const entries = names.map(
        (name) => `[[token]]\nname = "${name}"\ntoken = "a-token-of-user-${name}"\nscopes = ["admin"]\n`,
      );
      await writeFile(`${file}.new`, entries.join(''));
      await rename(`${file}.new`, file);
    };
    await change('ana', 'ben');
    const { url, manager } = await serveSample({}, { tokens: file });
    const { page, requested } = await openPage(url, '#/prod/history', { isClockSet: true });
    await page.getByLabel('Token').fill('a-token-of-user-ana');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('list', { name: /^Kept/ }).waitFor();
    await change('ben');
    await page.getByLabel('Token').waitFor();
    expect(await page.getByRole('list').count()).toBe(0);
    expect(await page.getByText(String((await manager.history('prod'))[0]?.version)).count()).toBe(0);
    const before = requested.length;
    await page.clock.runFor(30_000);
    expect(requested.slice(before)).toEqual([]);
    expect(manager.heldPolls).toBe(0);
    await page.getByLabel('Token').fill('a-token-of-user-ben');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('list', { name: /^Kept/ }).waitFor();
  });

  it('a token of scope read and one cluster: its nodes and versions, no contents, no actions', async () => {
    const token = 'a-token-of-the-reader';
    const { url, manager, prod } = await serveSample(
      {},
      {
        tokens: [
          { name: 'reader', token, scopes: scopesOf('read'), cluster: 'prod' },
          { name: 'writer', token: `${token}-and-writer`, scopes: scopesOf('write') },
        ],
      },
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
    const [newest, older] = await manager.history('prod');
    await page.goto(`${url}/ui/#/prod/history/${older?.version}..${newest?.version}`);
    await page.getByText('Differences need a token with the scope metadata').waitFor();
    expect(await page.getByRole('button', { name: /Roll back|Compare/ }).count()).toBe(0);
    await page.goto(`${url}/ui/#/prod/data`);
    await page.getByText('lacks the scope metadata').waitFor();
    // The manager refuses what the page does not offer.
    const seventh = prod.nodes[6]?.id;
    for (const [method, path] of [
      ['DELETE', `/nodes/prod/${seventh}`],
      ['DELETE', '/clusters/prod'],
      ['POST', `/clusters/prod/versions/${newest?.version}`],
      ['GET', '/clusters/prod/versions/0'],
      ['GET', `/clusters/prod/history/${newest?.version}`],
      ['GET', '/clusters/staging/history'],
    ] as const) {
      const response = await fetch(url + path, { method, headers: { Authorization: `Bearer ${token}` } });
      expect(response.status, `${method} ${path}`).toBe(403);
    }
    expect((await manager.history('prod'))[0]).toEqual(newest);

    // With the scope write: a rollback, but no removal.
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').fill(`${token}-and-writer`);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.goto(`${url}/ui/#/prod/history/${older?.version}..${newest?.version}`);
    await page.getByRole('button', { name: /^Roll back to/ }).waitFor();
    await page.goto(`${url}/ui/#/prod/nodes?state=left`);
    await page.getByRole('row', { name: /influx-7/ }).click();
    await page.getByRole('dialog').waitFor();
    expect(await page.getByRole('button', { name: /Remove/ }).count()).toBe(0);
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
    const { page } = await openPage(url);
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

    // In the metadata too, and in what agents and tokens are called.
    const contents = names.filter((name) => !name.includes('/'));
    const hostile = new SampleCluster(manager, 'contents');
    const older = await hostile.change((meta) => meta.createDatabase('plain'));
    const newest = await hostile.change(
      async (meta) => {
        for (const name of contents) {
          await meta.createDatabase(name);
          await meta.createUser(name, 'a password', false);
          await meta.setPrivilege(name, name, 1);
          await meta.createRetentionPolicy(
            name,
            { name: `policy ${name}`.slice(0, 255), duration: '1d' },
            true,
          );
          await meta.createContinuousQuery(name, name, `SELECT ${name}`);
        }
      },
      { author: contents[0] ?? '' },
    );
    const node = await hostile.join(contents[0] ?? '');
    await hostile.report(node, { pending: 1, findings: [{ kind: 'pending', text: contents[0] ?? '' }] });
    for (const name of contents) {
      await page.goto(`${url}/ui/#/contents/data/db/${encodeURIComponent(name)}`);
      await page.getByRole('heading', { level: 2, name: printable(name) }).waitFor();
      await page.getByRole('table', { name: 'Retention policies' }).waitFor();
      expect(await page.getByRole('table', { name: 'Retention policies' }).getByRole('row').count()).toBe(3);
    }
    await page.goto(`${url}/ui/#/contents/data/users`);
    const users = page.getByRole('table', { name: /^Users/ });
    await users.waitFor();
    expect(await users.getByRole('row').count()).toBe(contents.length + 1);
    expect(await users.getByText('read', { exact: true }).count()).toBe(contents.length);
    await page.goto(`${url}/ui/#/contents/history/${older}..${newest}`);
    await page.getByRole('region', { name: 'Differences' }).getByText('onerror').first().waitFor();
    await page.goto(`${url}/ui/#/contents/nodes`);
    await page.getByRole('row', { name: /onerror/ }).click();
    await page.getByRole('list', { name: 'Findings' }).getByText('onerror').waitFor();
    await page.goto(`${url}/ui/#/`);
    await page
      .getByRole('list', { name: /^Problems/ })
      .getByText('onerror')
      .first()
      .waitFor();
    expect(await page.locator('img').count()).toBe(0);
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
      Clipboard.prototype.writeText = async (text) => void seen.push('copied: ' + text);
      const { postMessage } = Worker.prototype;
      window.seen = [];
      const heard = new WeakSet();
      Worker.prototype.postMessage = function (message) {
        if (!heard.has(this)) this.addEventListener('message', ({ data }) => seen.push(JSON.stringify(data)));
        heard.add(this);
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
    await page.getByRole('button', { name: /^Roll back to/ }).click();
    await page.getByRole('dialog').getByText('~ user "ana" / password: changed').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Copy command' }).click();
    await page.getByRole('dialog').getByText('Copied').waitFor();
    const everything: string = await page.evaluate(
      "[document.documentElement.outerHTML, JSON.stringify({ ...localStorage, ...sessionStorage }), ...seen].join('\\n')",
    );
    expect(everything).toContain('telegraf');
    expect(everything).toContain('copied: cflux rollback');
    for (const hash of hashes) expect(everything).not.toContain(hash);
    expect(everything).not.toMatch(/\$2[aby]\$/);
  });
});
