import { source as axe } from 'axe-core';
import {
  createManagerServer,
  Manager,
  type ManagerOptions,
  type ManagerServerOptions,
  MemoryStore,
} from 'clusterflux/manager';
import {
  type Browser,
  type BrowserContextOptions,
  type CDPSession,
  chromium,
  type Page,
} from 'playwright-core';
import { afterAll, expect, onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../../src/clock.js';
import { describeWithServer } from '../../support/servers.js';
import { builtUiOf } from './built-ui.js';
import { fillSample, type SampleCluster } from './sample-fleet.js';

/** The clock of the machine, which a test puts forward instead of waiting. */
export class ForwardClock implements Clock {
  #ahead = 0;

  now(): number {
    return systemClock.now() + this.#ahead;
  }

  monotonic(): number {
    return systemClock.monotonic() + this.#ahead;
  }

  after(ms: number, callback: () => void): () => void {
    return systemClock.after(ms, callback);
  }

  forward(ms: number): void {
    this.#ahead += ms;
  }
}

let browser: Promise<Browser> | undefined;

/** A suite of the dashboard, with one Chromium for all its pages. */
export function describeInChromium(name: string, suite: () => void): void {
  describeWithServer('chromium', name, () => {
    afterAll(async () => {
      await (await browser)?.close();
      browser = undefined;
    });
    suite();
  });
}

function chromiumOfSuite(): Promise<Browser> {
  browser ??= chromium.launch({
    executablePath: '/usr/bin/chromium',
    // A name that a foreign page could have made to resolve to loopback.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--host-resolver-rules=MAP rebound.example 127.0.0.1'],
  });
  return browser;
}

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

export interface OpenOptions extends BrowserContextOptions {
  /** The test may put the page's clock forward: `page.clock`. */
  readonly isClockSet?: boolean;
  /** The test causes faults; otherwise there must be none at its end: no error, and nothing that the policy refused. */
  readonly hasFaults?: boolean;
  /** Runs in each document before its own code. */
  readonly before?: string;
}

/** Opens the dashboard in a context of its own, without a URL an empty page; every fault of the page is recorded. */
export async function openPage(
  url: string,
  route = '#/',
  { isClockSet = false, hasFaults = false, before, ...options }: OpenOptions = {},
): Promise<OpenedPage> {
  const context = await (await chromiumOfSuite()).newContext({
    locale: 'en-GB',
    timezoneId: 'Europe/Athens',
    viewport: { width: 1280, height: 800 },
    ...options,
  });
  context.setDefaultTimeout(30_000);
  const [faults, requested]: [string[], string[]] = [[], []];
  onTestFinished(async () => {
    await context.close();
    if (!hasFaults) expect(faults).toEqual([]);
  });
  if (before !== undefined) await context.addInitScript(before);
  const page = await context.newPage();
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('console', (message) => {
    // A failed request is a state that the page shows, not a fault of it.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text());
  });
  context.on('request', (request) => requested.push(request.url()));
  if (isClockSet) await page.clock.install();
  if (url !== '') await page.goto(`${url}/ui/${route}`);
  return { page, faults, requested };
}

/** Shows a hidden tab, or hides it, as the browser does when another one is chosen. */
export async function setVisible(page: Page, isVisible: boolean): Promise<void> {
  await page.evaluate(`{
    Object.defineProperty(document, 'visibilityState', { value: '${isVisible ? 'visible' : 'hidden'}', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }`);
}

/** How many pixels the page, or an open dialog, scrolls sideways. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate(
    `Math.max(...[document.documentElement, ...document.querySelectorAll('dialog[open]')].map((each) => each.scrollWidth - each.clientWidth))`,
  );

const sessions = new WeakMap<Page, CDPSession>();

/**
 * What axe finds, in a line each. It is put in by the debugger, so that the policy of the page stays as it is.
 *
 * @param rules `colours`: only the rules about colours, for a theme, which changes nothing else
 */
export async function axeFindings(page: Page, rules: 'all' | 'colours' = 'all'): Promise<readonly string[]> {
  const session = sessions.get(page) ?? (await page.context().newCDPSession(page));
  sessions.set(page, session);
  const run = async (expression: string) =>
    (await session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })).result;
  if ((await run('typeof axe')).value !== 'object')
    await session.send('Runtime.evaluate', { expression: axe });
  const only =
    rules === 'colours'
      ? ", runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] }"
      : '';
  const { value } = await run(
    `axe.run(document, { resultTypes: ['violations']${only} }).then(({ violations }) =>
      JSON.stringify(violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ' ' + target.join(' ') + ': ' + failureSummary.split('\\n').slice(1).join(' ')))))`,
  );
  return JSON.parse(value);
}
