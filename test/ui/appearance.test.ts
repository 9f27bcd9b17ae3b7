import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { describeWithServer } from '../support/servers.js';
import { axeFindings, openPage, serveSample, serveUi } from './support/dashboard.js';

const images = fileURLToPath(new URL('../../docs/images/', import.meta.url));

async function settled(page: Page, url: string, route: string): Promise<void> {
  await page.goto(`${url}/ui/${route}`);
  await page
    .getByRole('table')
    .or(page.getByRole('list', { name: /^Kept/ }))
    .first()
    .waitFor();
  await page.waitForLoadState('networkidle', { timeout: 1_000 }).catch(() => {});
}

const overflow = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');

describeWithServer('chromium', 'the dashboard in Chromium: appearance', () => {
  it('every view, in light and dark, at 1280 and 360 px: axe finds nothing, and the page does not scroll sideways', async () => {
    const { url, prod, manager } = await serveSample();
    const [, , older] = await manager.history('prod');
    const routes = {
      overview: '#/',
      nodes: '#/prod/nodes',
      history: `#/prod/history/${older?.version}..${prod.version}`,
      databases: '#/prod/data/db/sensors',
      users: '#/prod/data/users',
      activity: '#/activity',
    };
    const { page } = await openPage(url);
    for (const width of [1280, 360])
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.setViewportSize({ width, height: 800 });
        await page.emulateMedia({ colorScheme });
        for (const [name, route] of Object.entries(routes)) {
          await settled(page, url, route);
          expect.soft(await overflow(page), `${name} at ${width}`).toBe(0);
          expect.soft(await axeFindings(page), `${name} in ${colorScheme} at ${width}`).toEqual([]);
          if (process.env['PICTURES'] && width === 1280 && (colorScheme === 'light' || name === 'overview'))
            await page.screenshot({ path: `${images}${name}${colorScheme === 'dark' ? '-dark' : ''}.png` });
        }
      }
    // 200 % of 1280 px is the layout of 640 px.
    await page.setViewportSize({ width: 640, height: 400 });
    for (const route of Object.values(routes)) {
      await settled(page, url, route);
      expect.soft(await overflow(page), route).toBe(0);
    }
  });

  it('states: sign-in, refused, empty, failed, dialogs and help are clean too', async () => {
    const { url } = await serveUi(
      {},
      { tokens: [{ name: 'ana', token: 'a-token-of-the-reader', scopes: ['read'] }] },
    );
    const { page } = await openPage(url);
    await page.getByLabel('Token').waitFor();
    expect.soft(await axeFindings(page)).toEqual([]);
    await page.getByLabel('Token').fill('a-token-of-the-reader');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('No clusters yet').waitFor();
    expect.soft(await axeFindings(page)).toEqual([]);
    await page.getByRole('button', { name: 'Help' }).click();
    await page.getByRole('dialog').waitFor();
    expect.soft(await axeFindings(page)).toEqual([]);
    await page.keyboard.press('Escape');
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
    expect.soft(await axeFindings(page)).toEqual([]);
    await page.unroute('**/clusters');
    await page.route('**/clusters', (route) => route.fulfill({ status: 200, body: 'not JSON' }));
    await page.getByRole('button', { name: 'Retry' }).click();
    await page.getByText('BAD_ANSWER').waitFor();
  });

  it('everything by keyboard: keys of views and rows, the focus is trapped in dialogs and returned', async () => {
    const { url, prod } = await serveSample();
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
    await page.goto(`${url}/ui/#/activity`);
    await page.locator('time').first().waitFor();
    const titles = () =>
      page.locator('time').evaluateAll((times) => times.map((time) => time.getAttribute('title') ?? ''));
    const local = await titles();
    expect(local.every((title) => !title.includes('UTC'))).toBe(true);
    await page.keyboard.press('t');
    await expect.poll(async () => (await titles()).every((title) => title.endsWith('UTC'))).toBe(true);
    await page.reload();
    await page.locator('time').first().waitFor();
    expect((await titles()).every((title) => title.endsWith('UTC'))).toBe(true);
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
