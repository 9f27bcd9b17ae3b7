import { spawnSync } from 'node:child_process';
import { CfluxClient, encodeMetadata, LocalMetaClient, type MetaData } from 'clusterflux';
import type { Manager } from 'clusterflux/manager';
import fc from 'fast-check';
import type { Locator } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { arbitraryMetadata } from '../meta/support/arbitrary-metadata.js';
import { cflux } from '../support/fake-terminal.js';
import { describeInChromium, openPage, serveSample, serveUi } from './support/dashboard.js';
import { SampleCluster } from './support/sample-fleet.js';

const ran = (manager: string, ...args: string[]) => cflux([...args, '--endpoint', manager]);

async function newest(manager: Manager, cluster: string): Promise<{ version: number; bytes: Uint8Array }> {
  const [record] = await manager.history(cluster);
  const version = record?.version ?? 0;
  return { version, bytes: await manager.version(cluster, version) };
}

/** Pairs of versions that are compared; more at night: `PAIRS=100`. */
const comparisons = Number(process.env['PAIRS'] ?? 30);

describeInChromium('the dashboard in Chromium: contents', () => {
  it('differences are those of cflux diff, in every pair of random versions', async () => {
    const { url, manager } = await serveUi({ keepVersions: 15 });
    const samples = fc.sample(arbitraryMetadata, { numRuns: 15, seed: 7 });
    let version = 0;
    for (const [at, data] of samples.entries()) {
      const result = await manager.push({
        cluster: 'prod',
        version,
        snapshot: encodeMetadata(data),
        mutation: `m${at}`,
      });
      if (result.kind !== 'committed') throw new Error(result.kind);
      version = result.version;
    }
    const versions = (await manager.history('prod')).map((record) => record.version);
    const pairs = versions
      .flatMap((from) => versions.map((to) => [from, to] as const))
      .filter(([from, to]) => from < to)
      .filter((_, at, all) => at % Math.floor(all.length / comparisons) === 0)
      .slice(0, comparisons);
    expect(pairs).toHaveLength(comparisons);
    const { page } = await openPage(url);
    for (const [from, to] of pairs) {
      const expected = (await ran(url, 'diff', 'prod', String(from), String(to))).out;
      await page.evaluate(`location.hash = '#/prod/history/${from}..${to}'`);
      await page.getByRole('heading', { name: new RegExp(`${from}.*${to}`) }).waitFor();
      const shown = async () => {
        const more = page.getByRole('button', { name: /^Show more/ });
        while ((await more.count()) > 0) await more.click();
        return (
          (await page.locator('.lines div').allTextContents()).join('\n') ||
          (await page
            .locator('.differences .empty')
            .textContent({ timeout: 100 })
            .catch(() => ''))
        );
      };
      await expect.poll(shown, { interval: 20 }).toBe(expected);
    }
  });

  it('each view shows the command that prints the same', async () => {
    const { url, manager, prod } = await serveSample();
    const { page } = await openPage(url);
    /** Runs the command of a view with what a shell makes of it. */
    const run = async (within: Locator, ...more: readonly string[]) => {
      const text = (await within.locator('.command code').first().textContent()) ?? '';
      const { stdout } = spawnSync('bash', ['-c', `printf '%s\\0' ${text}`]);
      const [program, ...args] = stdout.toString().split('\0').slice(0, -1);
      expect(program).toBe('cflux');
      const result = await cflux([...args, ...more]);
      expect(result.err, text).toBe('');
      expect(result.code, text).toBe(0);
      return result.out;
    };
    const view = page.locator('main');
    const show = async (route: string) => {
      await page.evaluate(`location.hash = ${JSON.stringify(route)}`);
      await page.locator('[aria-current=page]').first().waitFor();
      await view
        .getByRole('table')
        .or(page.getByRole('list', { name: /^Kept/ }))
        .first()
        .waitFor();
    };
    const columns = async (name: string | RegExp, column: number) =>
      page.getByRole('table', { name }).locator(`tbody tr td:nth-child(${column})`).allTextContents();

    await show('#/');
    const clusters = JSON.parse(await run(view, '--json')).clusters as { cluster: string; version: number }[];
    expect(await columns('Clusters', 1)).toEqual(clusters.map(({ cluster }) => cluster));
    expect(await columns('Clusters', 2)).toEqual(clusters.map(({ version }) => String(version)));

    await show('#/prod/nodes');
    const listed = await run(view);
    for (const node of await columns('Nodes', 2)) expect(listed).toContain(node.split(' ')[0]);
    const states = (await columns('Nodes', 1)).toSorted();
    // What the command calls in more words.
    const words = { left: 'dead', findings: 'pending' } as Readonly<Record<string, string>>;
    for (const state of new Set(states)) expect(listed).toContain(words[state] ?? state);

    await show('#/prod/history');
    const kept = JSON.parse(await run(view, '--json')).map(({ version }: { version: number }) =>
      String(version),
    );
    expect(await page.locator('.rail-head > .number').allTextContents()).toEqual(kept);

    await show(`#/prod/history/${kept[3]}..${kept[0]}`);
    const lines = page.locator('.differences');
    await lines.locator('.lines').waitFor();
    expect(await run(lines)).toBe((await lines.locator('.lines div').allTextContents()).join('\n'));

    await page.getByRole('button', { name: `Roll back to ${kept[3]}` }).click();
    const dialog = page.getByRole('dialog');
    await dialog.locator('.lines').waitFor();
    const preview = await dialog.locator('.lines div').allTextContents();
    expect(await run(dialog)).toBe([...preview, 'Dry run: nothing was changed.'].join('\n'));
    expect((await manager.history('prod'))[0]?.version).toBe(prod.version);
    await page.keyboard.press('Escape');

    await show('#/prod/data');
    await page.getByRole('table', { name: 'Databases' }).waitFor();
    const shown = JSON.parse(await run(view, '--json')) as MetaData;
    expect(await columns('Databases', 1)).toEqual(shown.databases.map(({ name }) => name));
    await show('#/prod/data/users');
    await page.getByRole('table', { name: /^Users/ }).waitFor();
    expect(JSON.parse(await run(view, '--json')).users).toHaveLength((await columns(/^Users/, 1)).length);

    await show('#/activity');
    expect(await run(view)).toContain('prod');
    await show('#/activity?cluster=prod');
    await expect.poll(() => view.locator('.command code').textContent()).toContain('history');
    expect(await run(view)).toContain('ana');

    await show('#/prod/nodes?state=left');
    await page.getByRole('row', { name: /influx-7 / }).click();
    await page.getByRole('button', { name: 'Remove…' }).click();
    expect(await run(dialog)).toMatch(/^Removed node/);
    await page.getByRole('row', { name: /influx-7 / }).waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');

    // Names that a shell, or the command line, could take for something else.
    for (const name of ['--json', '-x', "it's $HOME `id` \\n", 'a\n\tb']) {
      const cluster = new SampleCluster(manager, name);
      await cluster.change((meta) => meta.createDatabase('telegraf'));
      await cluster.join('hostname-of-it');
      await page.getByRole('link', { name: 'Overview' }).click();
      await show(`#/${encodeURIComponent(name)}/nodes`);
      await expect.poll(() => columns('Nodes', 2)).toHaveLength(1);
      expect(await run(view), name).toContain('hostname-of-it');
    }
  });

  it('a rollback stores the bytes of cflux rollback, after the name was typed', async () => {
    const { url, manager, prod } = await serveSample();
    const [, , target] = await manager.history('prod');
    // The same bytes again, as another cluster.
    let version = 0;
    let copied = 0;
    for (const record of (await manager.history('prod')).toReversed()) {
      const snapshot = await manager.version('prod', record.version);
      const result = await manager.push({
        cluster: 'copy',
        version,
        snapshot,
        mutation: `m${record.version}`,
      });
      if (result.kind !== 'committed') throw new Error(result.kind);
      version = result.version;
      if (record.version === target?.version) copied = version;
    }
    const { page } = await openPage(url, `#/prod/history/${target?.version}..${prod.version}`);
    await page.getByRole('button', { name: `Roll back to ${target?.version}` }).click();
    const button = page.getByRole('dialog').getByRole('button', { name: 'Roll back', exact: true });
    await button.waitFor();
    expect(await button.isDisabled()).toBe(true);
    await page.getByLabel(/to confirm/).fill('prod');
    await button.click();
    await page.getByText(/is current again, as version/).waitFor();
    expect((await ran(url, 'rollback', 'copy', String(copied))).code).toBe(0);
    const [ours, theirs] = [await newest(manager, 'prod'), await newest(manager, 'copy')];
    expect(Buffer.from(ours.bytes).equals(theirs.bytes)).toBe(true);
    expect(ours.version).toBeGreaterThan(prod.version);
  });

  it('R36: a rollback revokes the orders to drop what it restores, as cflux rollback does', async () => {
    const { url, manager } = await serveUi();
    const prod = new SampleCluster(manager, 'prod');
    const before = await prod.change(async (meta) => {
      for (const name of ['kept', 'dropped']) await meta.createDatabase(name);
    });
    const client = new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), {
      cluster: 'prod',
      endpoint: url,
    });
    onTestFinished(() => client.close());
    await client.open();
    await client.createDatabase('later');
    for (const name of ['dropped', 'later'])
      expect(
        (await cflux(['exec', '--drop', `DROP DATABASE ${name}`, '--endpoint', url, '--cluster', 'prod']))
          .code,
      ).toBe(0);
    const ordered = async () => ((await client.dropOrders(0))?.orders ?? []).map(({ database }) => database);
    expect(await ordered()).toEqual(['dropped', 'later']);
    const newestVersion = (await newest(manager, 'prod')).version;
    const { page } = await openPage(url, `#/prod/history/${before}..${newestVersion}`);
    await page.getByRole('button', { name: `Roll back to ${before}` }).click();
    await page.getByLabel(/to confirm/).fill('prod');
    await page.getByRole('dialog').getByRole('button', { name: 'Roll back', exact: true }).click();
    await page.getByText(/is current again, as version/).waitFor();
    // What the restored version lacks stays ordered.
    expect(await ordered()).toEqual(['later']);
  });

  it('a rollback that loses the race stores nothing, and previews anew', async () => {
    const { url, prod, manager } = await serveSample();
    const [, , target] = await manager.history('prod');
    const { page } = await openPage(url, `#/prod/history/${target?.version}..${prod.version}`);
    await page.getByRole('button', { name: `Roll back to ${target?.version}` }).click();
    await page.getByLabel(/to confirm/).fill('prod');
    const version = await prod.change((meta) => meta.createDatabase('meanwhile'));
    await page.getByRole('dialog').getByRole('button', { name: 'Roll back', exact: true }).click();
    await page.getByText('The cluster changed meanwhile: nothing was stored').waitFor();
    await page.getByRole('dialog').getByText('- database "meanwhile"').waitFor();
    expect((await newest(manager, 'prod')).version).toBe(version);

    // Another change comes between the check of the page and its push, then a response is lost.
    const confirm = async () => {
      await page.getByLabel(/to confirm/).fill('prod');
      await page.getByRole('dialog').getByRole('button', { name: 'Roll back', exact: true }).click();
    };
    const pushes = `${url}/clusters/prod/versions/*`;
    let winner = 0;
    await page.context().route(pushes, async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      winner = await prod.change((meta) => meta.createDatabase('between'));
      return route.continue();
    });
    await page.getByText(`- database "meanwhile"`).waitFor();
    await confirm();
    await page.getByRole('dialog').getByText('- database "between"').waitFor();
    expect((await newest(manager, 'prod')).version).toBe(winner);
    await page.context().unroute(pushes);
    let attempts = 0;
    await page.context().route(pushes, async (route) => {
      if (route.request().method() !== 'POST') return route.continue();
      attempts += 1;
      const response = await route.fetch();
      return attempts === 1 ? route.abort('connectionreset') : route.fulfill({ response });
    });
    await confirm();
    await page.getByText(/is current again, as version/).waitFor();
    expect(attempts).toBe(2);
    const [stored, before] = await manager.history('prod');
    expect([stored?.version, before?.version]).toEqual([(await newest(manager, 'prod')).version, winner]);
  });

  it('the preview names the agents that may drop, and a rollback without administrators is refused', async () => {
    const { url, manager } = await serveUi();
    const prod = new SampleCluster(manager, 'prod');
    const first = await prod.change((meta) => meta.createDatabase('telegraf'));
    const second = await prod.change(async (meta) => {
      await meta.createDatabase('precious');
      await meta.createUser('ana', 'a password', true);
    });
    const dropper = await prod.join('dropper');
    await prod.report(dropper, { drops: true });
    await prod.report(await prod.join('keeper'));
    const { page } = await openPage(url, `#/prod/history/${first}..${second}`);
    await page.getByRole('button', { name: `Roll back to ${first}` }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('Points at risk').waitFor();
    expect(await dialog.getByRole('listitem').allTextContents()).toEqual([`node ${dropper.id} dropper`]);
    await dialog.getByText(/cannot remove the last administrator "ana"/).waitFor();
    expect(await dialog.getByRole('button', { name: 'Roll back', exact: true }).count()).toBe(0);
  });

  it('a node is removed only if it is not alive', async () => {
    const { url, manager, prod } = await serveSample();
    const { page } = await openPage(url, '#/prod/nodes');
    await page.getByRole('row', { name: /influx-6 / }).click();
    await page.getByRole('dialog').waitFor();
    expect(await page.getByRole('button', { name: /Remove/ }).count()).toBe(0);
    await page.keyboard.press('Escape');
    await page.getByRole('row', { name: /influx-7 / }).click();
    await page.getByRole('button', { name: 'Remove…' }).click();
    await page.getByRole('button', { name: /Remove node/ }).click();
    await page.getByText(/removed node/).waitFor();
    const hosts = async () => (await manager.nodes('prod')).map(({ hostname }) => hostname);
    expect(await hosts()).not.toContain('influx-7');

    // It lives again, and the page does not know yet.
    const first = prod.nodes[0];
    if (first === undefined) throw new Error('the sample has nodes');
    await prod.leave(first);
    await page
      .getByRole('row', { name: /influx-1 / })
      .getByText('left')
      .waitFor();
    await page.getByRole('row', { name: /influx-1 / }).click();
    await page.getByRole('button', { name: 'Remove…' }).click();
    await page.route('**/nodes', () => {});
    first.isAlive = true;
    await prod.beat(first);
    await page.getByRole('button', { name: /Remove node/ }).click();
    await page.getByText(/is alive again: nothing was removed/).waitFor();
    expect(await hosts()).toContain('influx-1');
  });

  it('users and their effective rights: an administrator has all; blame names the version that touched each', async () => {
    const { url, manager } = await serveUi();
    const prod = new SampleCluster(manager, 'prod');
    await prod.change(async (meta) => {
      await meta.createDatabase('one');
      await meta.createDatabase('two');
      await meta.createUser('ana', 'a password', true);
      await meta.createUser('eve', 'a password', false);
    });
    // Ten versions are kept, of eleven.
    const versions: number[] = [];
    for (let at = 0; at < 5; at++)
      versions.push(await prod.change((meta) => meta.createDatabase(`more${at}`)));
    const granted = await prod.change((meta) => meta.setPrivilege('eve', 'two', 2));
    const policy = await prod.change((meta) =>
      meta.createRetentionPolicy('one', { name: 'raw', duration: '10d' }, false),
    );
    for (let at = 5; at < 8; at++)
      versions.push(await prod.change((meta) => meta.createDatabase(`more${at}`)));
    const { page } = await openPage(url, '#/prod/data/users');
    const cells = async (name: RegExp) => page.getByRole('row', { name }).getByRole('cell').allTextContents();
    await expect
      .poll(() => cells(/^eve/))
      .toEqual(['eve ', 'none', 'write', ...Array(6).fill('none'), String(granted)]);
    expect((await cells(/^ana/)).slice(1, 9)).toEqual(Array(8).fill('all'));
    expect((await cells(/^ana/)).at(-1)).toBe('older');
    await page.goto(`${url}/ui/#/prod/data/db/one`);
    await expect.poll(() => cells(/^raw/)).toContain(String(policy));
    await expect.poll(() => cells(/^more2/)).toContain(String(versions[2]));
    await expect.poll(() => cells(/^two/)).toContain('older');
  });

  it('10,000 databases and nodes: under 200 rows in the document, and a search finds one', async () => {
    const { url, manager } = await serveUi();
    const prod = new SampleCluster(manager, 'prod');
    await prod.change(async (meta) => {
      for (let at = 0; at < 10_000; at++) await meta.createDatabase(`database-${at}`);
    });
    for (let at = 0; at < 10_000; at++)
      await manager.register('prod', { ip: '', hostname: `host-${at}`, bindAddress: 'host:1' });
    const { page } = await openPage(url, '#/prod/data');
    await page.getByText('10,000 databases').waitFor();
    expect(await page.locator('tr').count()).toBeLessThan(200);
    await page.getByLabel('Find databases').fill('database-9876');
    await page.getByRole('row', { name: /database-9876/ }).waitFor();
    expect(await page.locator('tbody tr').count()).toBe(1);
    await page.goto(`${url}/ui/#/prod/nodes`);
    await page.getByRole('row', { name: /host-/ }).first().waitFor();
    expect(await page.locator('tr').count()).toBeLessThan(200);
    await page.getByLabel('Find nodes').fill('host-9876');
    await page.getByRole('row', { name: /host-9876/ }).waitFor();
  });

  it('a cluster without data, and a manager without clusters: the page shows how to begin', async () => {
    const { url, manager } = await serveUi();
    const { page } = await openPage(url);
    await page.getByText('No clusters yet').waitFor();
    await manager.register('empty', { ip: '', hostname: 'h', bindAddress: 'h:1' });
    await page.getByRole('link', { name: 'empty' }).click();
    await page.getByRole('link', { name: 'History' }).click();
    await page.getByText('This cluster has no data yet').waitFor();
  });
});
