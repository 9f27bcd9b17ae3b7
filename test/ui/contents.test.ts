import { encodeMetadata, type MetaData } from 'clusterflux';
import type { Manager } from 'clusterflux/manager';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { differenceLines, differences } from '../../src/meta/metadata-differences.js';
import { metadataTree } from '../../src/meta/metadata-tree.js';
import { arbitraryMetadata } from '../meta/support/arbitrary-metadata.js';
import { cflux } from '../support/fake-terminal.js';
import { describeWithServer } from '../support/servers.js';
import { openPage, serveSample, serveUi } from './support/dashboard.js';
import { SampleCluster } from './support/sample-fleet.js';

const ran = (manager: string, ...args: string[]) => cflux([...args, '--endpoint', manager]);

async function newest(manager: Manager, cluster: string): Promise<{ version: number; bytes: Uint8Array }> {
  const [record] = await manager.history(cluster);
  const version = record?.version ?? 0;
  return { version, bytes: await manager.version(cluster, version) };
}

describeWithServer('chromium', 'the dashboard in Chromium: contents', () => {
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
    const trees = new Map(
      versions.toReversed().map((each, at) => [each, metadataTree(samples[at] as MetaData)]),
    );
    const treeOf = (each: number) => trees.get(each) ?? metadataTree(samples[0] as MetaData);
    const pairs = versions
      .flatMap((from) => versions.map((to) => [from, to] as const))
      .filter(([from, to]) => from < to)
      .slice(0, 100);
    expect(pairs).toHaveLength(100);
    const { page } = await openPage(url);
    for (const [from, to] of pairs) {
      const expected = differenceLines(differences(treeOf(from), treeOf(to))).join('\n') || 'No differences.';
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
    const [to, , from] = versions;
    expect(differenceLines(differences(treeOf(from ?? 0), treeOf(to ?? 0))).join('\n')).toBe(
      (await ran(url, 'diff', 'prod', String(from), String(to))).out,
    );
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
    const { url, manager } = await serveSample();
    const { page } = await openPage(url, '#/prod/nodes');
    await page.getByRole('row', { name: /influx-6 / }).click();
    await page.getByRole('dialog').waitFor();
    expect(await page.getByRole('button', { name: /Remove/ }).count()).toBe(0);
    await page.keyboard.press('Escape');
    await page.getByRole('row', { name: /influx-7 / }).click();
    await page.getByRole('button', { name: 'Remove…' }).click();
    await page.getByRole('button', { name: /Remove node/ }).click();
    await page.getByText(/removed node/).waitFor();
    expect((await manager.nodes('prod')).map(({ hostname }) => hostname)).not.toContain('influx-7');
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
    const versions: number[] = [];
    for (let at = 0; at < 4; at++)
      versions.push(await prod.change((meta) => meta.createDatabase(`more${at}`)));
    const granted = await prod.change((meta) => meta.setPrivilege('eve', 'two', 2));
    const policy = await prod.change((meta) =>
      meta.createRetentionPolicy('one', { name: 'raw', duration: '10d' }, false),
    );
    for (let at = 4; at < 6; at++)
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
