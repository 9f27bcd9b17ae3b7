import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { serveFiles } from './serve-files.js';

/** Pages that are examined for accessibility: one of each kind. */
const examined = [
  'index.html',
  'tutorials/two-nodes.html',
  'how-to/troubleshoot.html',
  'reference/commands.html',
  'explanation/guarantees.html',
];

/** Words that a reader searches, with the page that must be among the first five results. */
const searched: readonly (readonly [words: string, page: string])[] = [
  ['UNKNOWN_OUTCOME', 'reference/errors.html#unknown_outcome'],
  ['EPOCH_MISMATCH', 'reference/errors.html#epoch_mismatch'],
  ['max-drops', 'reference/commands.html'],
  ['confirm-drops', 'reference/commands.html#confirm-drops'],
  ['registrationLost', 'reference/events.html'],
  ['cflux_nodes_behind', 'reference/metrics.html'],
  ['maxPollWait', 'reference/options.html'],
  ['etcd quota', 'several-managers.html'],
  ['kapacitor', 'influxdb.html'],
  ['fake manager', 'tutorials/fake-manager.html'],
];

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[] }[];
}

/** Opens the site in Chromium; returns what is wrong with accessibility, search, and requests to other origins. */
export async function checkInBrowser(site: string, base: string): Promise<string[]> {
  const server = await serveFiles(site, base);
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  try {
    // Side by side, because each mostly waits for its page.
    const findings = await Promise.all([
      examine(browser, server.url, 'light'),
      examine(browser, server.url, 'dark'),
      search(browser, server.url),
    ]);
    return findings.flat();
  } finally {
    await browser.close();
    server.close();
  }
}

async function examine(browser: Browser, url: string, colorScheme: 'light' | 'dark'): Promise<string[]> {
  const findings: string[] = [];
  const page = await browser.newPage({ colorScheme, viewport: { width: 1_280, height: 800 } });
  page.on('request', (request) => {
    const isOwn = request.url().startsWith(url) || request.url().startsWith('data:');
    if (!isOwn) findings.push(`requests ${request.url()}`);
  });
  page.on('pageerror', (error) => findings.push(`${page.url()}: ${error.message}`));
  for (const path of examined) {
    await page.goto(`${url}${path}`, { waitUntil: 'networkidle' });
    // It has its name once the scripts of the page have run.
    await page.locator('.VPSwitchAppearance[title]').first().waitFor({ state: 'attached' });
    await page.evaluate(axe.source);
    // Only colours differ in the dark.
    const rules = colorScheme === 'dark' ? "{ runOnly: ['color-contrast'] }" : '{}';
    const violations = await page.evaluate<Violation[]>(
      `axe.run(document, ${rules}).then(({ violations }) => violations)`,
    );
    for (const { id, nodes } of violations)
      findings.push(
        `${path} (${colorScheme}): ${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
      );
  }
  await page.close();
  return findings;
}

async function search(browser: Browser, url: string): Promise<string[]> {
  const findings: string[] = [];
  const page = await browser.newPage();
  await page.goto(url, { waitUntil: 'networkidle' });
  await page.locator('.DocSearch-Button').first().click();
  for (const [words, expected] of searched) {
    const found = await resultsOf(page, words);
    if (!found.slice(0, 5).some((place) => place.includes(expected)))
      findings.push(
        `search of ${words}: ${expected} is not among the first results: ${found.slice(0, 5).join(', ')}`,
      );
  }
  await page.close();
  return findings;
}

/** The results in the search box of a page, which shows those of the last search until it is cleared. */
async function resultsOf(page: Page, words: string): Promise<string[]> {
  const input = page.locator('.VPLocalSearchBox input');
  const results = page.locator('.VPLocalSearchBox .results .result');
  await input.fill('');
  await results.first().waitFor({ state: 'detached' });
  await input.fill(words);
  await results
    .first()
    .waitFor({ timeout: 30_000 })
    .catch(() => undefined);
  return results.evaluateAll((links) => links.map((link) => link.getAttribute('href') ?? ''));
}
