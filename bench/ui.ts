import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createManagerServer, Manager, MemoryStore } from 'clusterflux/manager';
import { chromium, type Page } from 'playwright-core';
import { builtUiOf } from '../test/ui/support/built-ui.js';
import { SampleCluster } from '../test/ui/support/sample-fleet.js';
import type { Figure } from './report.js';

/** The dashboard: sizes of its files, and times in Chromium with ten thousand databases and a thousand nodes. */
export async function run(): Promise<Figure[]> {
  const directory = await builtUiOf();
  return [...(await sizes(directory)), ...(await times(directory))];
}

async function sizes(directory: string): Promise<Figure[]> {
  const files = await Promise.all(
    (await readdir(directory)).map(async (name) => ({
      name,
      size: (await readFile(join(directory, name))).byteLength / 1_000,
    })),
  );
  const part = (what: string, is: (name: string) => boolean): Figure => ({
    name: `${what}, gzip`,
    value: files.filter(({ name }) => is(name)).reduce((sum, { size }) => sum + size, 0),
    unit: 'kB',
  });
  return [
    { ...part('the whole dashboard', () => true), target: 120 },
    part('page', (name) => name.startsWith('index') && name.includes('.js')),
    part('worker with the codec', (name) => name.includes('worker')),
    part('styles', (name) => name.includes('.css')),
  ];
}

async function times(directory: string): Promise<Figure[]> {
  const manager = new Manager({ store: new MemoryStore() });
  const server = await createManagerServer(manager, { port: 0, ui: directory });
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
  try {
    const cluster = new SampleCluster(manager, 'prod');
    await cluster.change(async (meta) => {
      for (let at = 0; at < 10_000; at++) await meta.createDatabase(`database-${at}`);
    });
    for (let at = 0; at < 1_000; at++) await cluster.join(`host-${at}`, 'library');
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const overview = await usable(page, `${server.url}/ui/#/`, 'Clusters');
    // Another document: a changed fragment alone would not load it again.
    await page.goto('about:blank');
    const databases = await usable(page, `${server.url}/ui/#/prod/data`, 'Databases');
    return [
      { name: 'overview of 1,000 nodes, until usable', value: overview, unit: 'ms', target: 2_000 },
      { name: '10,000 databases, until usable', value: databases, unit: 'ms', target: 2_000 },
      {
        name: 'longest task while typing in the search',
        value: await longestTask(page),
        unit: 'ms',
        target: 50,
      },
    ];
  } finally {
    await browser.close();
    await server.close();
    await manager.close();
  }
}

async function usable(page: Page, url: string, table: string): Promise<number> {
  const begin = performance.now();
  await page.goto(url);
  await page.getByRole('table', { name: table }).waitFor();
  return performance.now() - begin;
}

async function longestTask(page: Page): Promise<number> {
  await page.evaluate(`{
    window.longest = 0;
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration);
    }).observe({ type: 'longtask' });
  }`);
  await page.getByLabel('Find databases').pressSequentially('database-98', { delay: 60 });
  await page.getByText('111 of 10,000 databases').waitFor();
  return page.evaluate('window.longest');
}
