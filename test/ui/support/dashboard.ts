import { source as axe } from 'axe-core';
import {
  createManagerServer,
  Manager,
  type ManagerOptions,
  type ManagerServerOptions,
  MemoryStore,
} from 'clusterflux/manager';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, onTestFinished } from 'vitest';
import { builtUiOf } from './built-ui.js';
import { fillSample, type SampleCluster } from './sample-fleet.js';

let browser: Promise<Browser> | undefined;

/** The one Chromium of a test file. */
function chromiumOfFile(): Promise<Browser> {
  browser ??= chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  return browser;
}

afterAll(async () => {
  await (await browser)?.close();
  browser = undefined;
});

/** A manager that serves the dashboard until the test is over. */
export async function serveUi(
  options: Partial<ManagerOptions> = {},
  serverOptions: ManagerServerOptions = {},
): Promise<{ readonly manager: Manager; readonly url: string; readonly close: () => Promise<void> }> {
  const manager = new Manager({ store: new MemoryStore(), ...options });
  const server = await createManagerServer(manager, { port: 0, ui: await builtUiOf(), ...serverOptions });
  const close = async () => {
    await server.close();
    await manager.close();
  };
  onTestFinished(close);
  return { manager, url: server.url, close };
}

/** A manager with the sample, whose nodes send heartbeats until the test is over. */
export async function serveSample(
  options: Partial<ManagerOptions> = {},
  serverOptions: ManagerServerOptions = {},
): Promise<
  Awaited<ReturnType<typeof serveUi>> & { readonly prod: SampleCluster; readonly staging: SampleCluster }
> {
  const served = await serveUi(options, serverOptions);
  const { prod, staging } = await fillSample(served.manager);
  const beat = setInterval(() => {
    for (const cluster of [prod, staging]) cluster.beatAll().catch(() => {});
  }, 500);
  onTestFinished(() => clearInterval(beat));
  return { ...served, prod, staging };
}

export interface OpenedPage {
  readonly page: Page;
  /** Errors of the page, and everything that its policy refused. */
  readonly faults: readonly string[];
  /** URLs that the page and its worker requested. */
  readonly requested: readonly string[];
}

/** Opens the dashboard in a context of its own; every fault of the page is recorded. */
export async function openPage(
  url: string,
  route = '#/',
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await (await chromiumOfFile()).newContext({
    locale: 'en-GB',
    timezoneId: 'Europe/Athens',
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  context.setDefaultTimeout(30_000);
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const [faults, requested]: [string[], string[]] = [[], []];
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (message) => {
    // A failed request is a state that the page shows, not a fault of it.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text());
  });
  context.on('request', (request) => requested.push(request.url()));
  await page.goto(`${url}/ui/${route}`);
  return { page, faults, requested };
}

/** What axe finds, in a line each. It is put in by the debugger, so that the policy of the page stays as it is. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page);
  await session.send('Runtime.evaluate', { expression: axe });
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
      JSON.stringify(violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ' ' + target.join(' ') + ': ' + failureSummary.split('\\n').slice(1).join(' ')))))`,
    awaitPromise: true,
    returnByValue: true,
  });
  await session.detach();
  return JSON.parse(result.value);
}
