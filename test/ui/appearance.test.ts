import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import {
  axeFindings,
  describeInChromium,
  openPage,
  overflow,
  serveSample,
  serveUi,
} from './support/dashboard.js';
import { SampleCluster } from './support/sample-fleet.js';

const images = fileURLToPath(new URL('../../docs/images/', import.meta.url));

const drawn = (page: Page) =>
  page.evaluate(
    'new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => resolve())))',
  );

async function settled(page: Page, route: string): Promise<void> {
  await page.evaluate(`location.hash = ${JSON.stringify(route)}`);
  await page
    .getByRole('table')
    .or(page.getByRole('list', { name: /^Kept/ }))
    .first()
    .waitFor();
  await page.locator('.loading').waitFor({ state: 'detached' });
  await page.getByText('…', { exact: true }).first().waitFor({ state: 'detached' });
  await drawn(page);
}

/** Texts of twice the size, as a reader may choose in the browser. */
const zoomText = (page: Page, percent: number) =>
  page.evaluate(`document.documentElement.style.fontSize = '${percent}%'`);

/**
 * In light and dark, at 1280 and 360 px: axe finds nothing. Nothing scrolls sideways there, at 200 % (of 1280 px, the layout of 640 px; of
 * 640 px, that of 320 px), and at 1280 px with texts of 200 %.
 */
async function examine(page: Page, name: string): Promise<void> {
  for (const width of [640, 320]) {
    await page.setViewportSize({ width, height: 800 });
    await drawn(page);
    expect.soft(await overflow(page), `${name} at ${width}`).toBe(0);
  }
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 800 });
    if (width === 1280) {
      await zoomText(page, 200);
      await drawn(page);
      expect.soft(await overflow(page), `${name} with texts of 200 %`).toBe(0);
      await zoomText(page, 100);
    }
    await drawn(page);
    expect.soft(await overflow(page), `${name} at ${width}`).toBe(0);
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const findings = await axeFindings(page, colorScheme === 'light' ? 'all' : 'colours');
      expect.soft(findings, `${name} in ${colorScheme} at ${width}`).toEqual([]);
      if (
        process.env['PICTURES'] &&
        width === 1280 &&
        name in pictures &&
        (colorScheme === 'light' || name === 'overview')
      )
        await page.screenshot({ path: `${images}${name}${colorScheme === 'dark' ? '-dark' : ''}.png` });
    }
  }
  await page.setViewportSize({ width: 1280, height: 800 });
}

const pictures = {
  overview: '#/',
  nodes: '#/prod/nodes',
  databases: '#/prod/data/db/sensors',
  users: '#/prod/data/users',
  activity: '#/activity',
  history: '',
};

describeInChromium('the dashboard in Chromium: appearance', () => {
  it('every view and dialog, in light and dark, at 1280 and 360 px: axe finds nothing, and nothing scrolls sideways', async () => {
    const { url, prod, manager } = await serveSample();
    const [, , older] = await manager.history('prod');
    const { page } = await openPage(url);
    const history = `#/prod/history/${older?.version}..${prod.version}`;
    for (const [name, route] of Object.entries({ ...pictures, history })) {
      await settled(page, route);
      await examine(page, name);
    }
    await settled(page, history);
    await page.getByRole('button', { name: `Roll back to ${older?.version}` }).click();
    await page.getByLabel(/to confirm/).waitFor();
    await examine(page, 'rollback');
    await page.keyboard.press('Escape');
    await settled(page, '#/prod/nodes?state=left');
    await page.getByRole('row', { name: /influx-7 / }).click();
    await page.getByRole('button', { name: 'Remove…' }).click();
    await examine(page, 'removal');
    await page.keyboard.press('Escape');
    await settled(page, '#/prod/nodes?find=influx-2');
    await page.getByRole('row', { name: /influx-2 / }).click();
    await page.getByRole('list', { name: 'Findings' }).waitFor();
    await examine(page, 'findings');
  });

  it('states: sign-in, refused, empty, failed, without a scope and help are clean too', async () => {
    const { url, manager } = await serveUi(
      {},
      { tokens: [{ name: 'ana', token: 'a-token-of-the-reader', scopes: ['read'] }] },
    );
    const { page } = await openPage(url);
    await page.getByLabel('Token').waitFor();
    await examine(page, 'sign-in');
    await page.getByLabel('Token').fill('a-token-of-the-reader');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('No clusters yet').waitFor();
    await examine(page, 'no clusters');
    await page.getByRole('button', { name: 'Help' }).click();
    await page.getByRole('dialog').waitFor();
    await examine(page, 'help');
    await page.keyboard.press('Escape');
    const name = 'x'.repeat(255);
    await new SampleCluster(manager, name).change((meta) => meta.createDatabase('telegraf'));
    await page.getByRole('link', { name }).waitFor();
    await examine(page, 'a long name');
    await page.evaluate(`location.hash = '#/${name}/data'`);
    await page.getByText('lacks the scope').waitFor();
    await examine(page, 'without the scope');
    await page.evaluate("location.hash = '#/nothing/nodes'");
    await page.getByRole('heading', { name: 'No such cluster' }).waitFor();
    await examine(page, 'no such cluster');
    await page.route('**/clusters', (route) =>
      route.fulfill({
        status: 403,
        contentType: 'application/problem+json',
        body: JSON.stringify({ detail: 'the token "ana" lacks the scope read', code: 'FORBIDDEN' }),
      }),
    );
    await page.reload();
    await page.getByText('the token "ana" lacks the scope read').waitFor();
    await page.getByText('FORBIDDEN').waitFor();
    await examine(page, 'refused');
    await page.unroute('**/clusters');
    await page.route('**/clusters', (route) => route.fulfill({ status: 200, body: 'not JSON' }));
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByText('BAD_ANSWER').waitFor();
    await examine(page, 'not understood');
  });

  it('states of live data: loading, another history, a conflict and contents that cannot be read are clean too', async () => {
    const { url, prod, manager } = await serveSample();
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { page } = await openPage('');
    await page.route('**/whoami', async (route) => {
      await held;
      await route.continue();
    });
    await page.goto(`${url}/ui/#/`);
    await page.getByRole('status', { name: 'loading the clusters' }).waitFor();
    await examine(page, 'loading');
    release();
    await page.getByRole('table', { name: 'Clusters' }).waitFor();
    const [newest, , older] = await manager.history('prod');
    await page.evaluate(`location.hash = '#/prod/history/${older?.version}..${newest?.version}'`);
    await page.getByRole('button', { name: `Roll back to ${older?.version}` }).click();
    await page.getByLabel(/to confirm/).fill('prod');
    await prod.change((meta) => meta.createDatabase('meanwhile'));
    await page.keyboard.press('Enter');
    await page.getByText('The cluster changed meanwhile').waitFor();
    await examine(page, 'conflict');
    await page.keyboard.press('Escape');
    await page.evaluate("location.hash = '#/prod/history/1..2'");
    await page.getByRole('alert').getByText('Failed').first().waitFor();
    await examine(page, 'no such version');
    await manager.deleteCluster('prod');
    prod.nodes.length = 0;
    prod.version = 0;
    await prod.change((meta) => meta.createDatabase('again'));
    await page.getByText('has another history now').waitFor();
    await examine(page, 'another history');
  });

  it('everything by keyboard: keys of views and rows, the focus is trapped in dialogs and returned', async () => {
    const { url, prod, manager } = await serveSample();
    const { page } = await openPage(url);
    await page.getByRole('table', { name: 'Clusters' }).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'prod' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('influx-2');
    await page.getByRole('row', { name: /influx-1 / }).waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    await page.keyboard.press('j');
    const focused = () => page.evaluate('document.activeElement.textContent');
    expect(await focused()).toContain('influx-2');
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    for (let at = 0; at < 6; at++) {
      await page.keyboard.press('Tab');
      expect(
        await page.evaluate(
          'document.activeElement === document.body || document.querySelector("dialog").contains(document.activeElement)',
        ),
      ).toBe(true);
    }
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focused()).toContain('influx-2');
    await page.keyboard.press('g');
    await page.keyboard.press('h');
    await page.getByRole('list', { name: /^Kept/ }).waitFor();
    await page.keyboard.press('[');
    await page.getByRole('heading', { name: new RegExp(`new ${prod.version}`) }).waitFor();
    // A rollback, up to its confirmation, without the pointer.
    const [, previous] = await manager.history('prod');
    await page.getByRole('button', { name: `Roll back to ${previous?.version}` }).focus();
    await page.keyboard.press('Enter');
    await page.getByLabel(/to confirm/).waitFor();
    const isIn = (name: RegExp) =>
      page.evaluate('document.activeElement.textContent').then((text) => name.test(String(text)));
    await page.getByLabel(/to confirm/).focus();
    await page.keyboard.type('prod');
    for (let at = 0; at < 4 && !(await isIn(/^Roll back$/)); at++) await page.keyboard.press('Tab');
    expect(await isIn(/^Roll back$/)).toBe(true);
    await page.keyboard.press('Enter');
    await page.getByText(/is current again, as version/).waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => page.url()).toMatch(/history$/);
    await page.keyboard.press('g');
    await page.keyboard.press('u');
    await page.getByRole('table', { name: /^Users/ }).waitFor();
    await page.keyboard.press('?');
    await page.getByLabel('Keys of one letter are on').uncheck();
    await page.keyboard.press('Escape');
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    expect(page.url()).toContain('users');
  });

  it('reload and back keep the view, UTC changes every time shown, and the choice is remembered', async () => {
    const { url } = await serveSample();
    const { page } = await openPage(url, '#/prod/nodes?state=left');
    await page.getByRole('row', { name: /influx-7 / }).waitFor();
    await page.reload();
    await page.getByRole('row', { name: /influx-7 / }).waitFor();
    expect(await page.getByRole('row').count()).toBe(2);
    await page.getByRole('link', { name: 'History' }).click();
    await page.getByRole('list', { name: /^Kept/ }).waitFor();
    await page.goBack();
    await page.getByRole('row', { name: /influx-7 / }).waitFor();
    /** Every text of a view, also of its titles, that is a time of day; each has its zone. */
    const times = async () =>
      (await page.locator('body').evaluate((body) => {
        const titled = [...body.querySelectorAll('[title]')].map((each) => each.getAttribute('title'));
        return [body.textContent, ...titled].join('\n').match(/\d\d:\d\d:\d\d \w+/g);
      })) ?? [];
    const shown = [...Object.values(pictures).filter((route) => route !== ''), '#/prod/history'];
    const isAll = async (zone: string) => {
      const found = await times();
      return found.length > 0 && found.every((time) => time.includes(`${zone}`));
    };
    for (const route of shown) {
      await settled(page, route);
      expect(await isAll('EET'), route).toBe(true);
      await page.keyboard.press('t');
      await expect.poll(() => isAll('UTC'), { message: route }).toBe(true);
      await page.keyboard.press('t');
      await expect.poll(() => isAll('EET'), { message: route }).toBe(true);
    }
    await settled(page, '#/prod/nodes');
    await page.keyboard.press('t');
    await page.getByRole('row', { name: /influx-2 / }).click();
    await page
      .getByRole('dialog')
      .getByText(/\d\d:\d\d:\d\d UTC/)
      .waitFor();
    await page.reload();
    await page.locator('time').first().waitFor();
    expect(await isAll('UTC')).toBe(true);
  });

  it('reduced motion moves nothing, and in forced colours a state has its border and its word', async () => {
    const { url } = await serveSample();
    const { page } = await openPage(url, '#/prod/nodes', { reducedMotion: 'reduce', forcedColors: 'active' });
    await page.getByRole('row', { name: /influx-1 / }).waitFor();
    expect(await page.evaluate('document.getAnimations().length')).toBe(0);
    const mark = page.locator('.mark').first();
    expect(
      await mark.evaluate(
        (element) =>
          `${element.textContent} ${element.ownerDocument.defaultView?.getComputedStyle(element).borderStyle}`,
      ),
    ).toMatch(/down solid$/);
  });
});
