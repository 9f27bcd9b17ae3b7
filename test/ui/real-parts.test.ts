import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import type { Page } from 'playwright-core';
import { expect, it, onTestFinished } from 'vitest';
import { cflux as running } from '../cli/lab-terminal.js';
import { directory, server } from '../influxdb/support/lab.js';
import { startEtcd } from '../support/etcd.js';
import { cflux } from '../support/fake-terminal.js';
import { describeWithServer } from '../support/servers.js';
import { describeInChromium, openPage } from './support/dashboard.js';
import { RealManager } from './support/real-manager.js';

/** The arguments of the command that a view shows, as a shell reads them. */
async function shownCommand(page: Page): Promise<string[]> {
  const text = (await page.locator('main .command code').first().textContent()) ?? '';
  const { stdout } = spawnSync('bash', ['-c', `printf '%s\\0' ${text}`]);
  return stdout.toString().split('\0').slice(1, -1);
}

describeInChromium('the dashboard in Chromium: real parts', () => {
  describeWithServer('influxd', 'an agent and a manager on lmdb', () => {
    it('the agent of the shown command, its findings, a manager that is killed, and no token in its log', async () => {
      const tokens = { operator: 'a-token-of-the-operator', agent: 'a-token-of-the-agent' };
      const dir = await directory();
      const entries = [
        `[[token]]\nname = "operator"\ntoken = "${tokens.operator}"\nscopes = ["admin"]\n`,
        `[[token]]\nname = "agent"\ntoken = "${tokens.agent}"\nscopes = ["node"]\n`,
      ];
      await writeFile(join(dir, 'tokens.toml'), entries.join(''));
      const manager = new RealManager(['lmdb', join(dir, 'data')], join(dir, 'tokens.toml'));
      await manager.start();
      const { page, requested } = await openPage(manager.url);
      await page.getByLabel('Token').fill('a-token-that-is-wrong');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('the token is unknown or was removed').waitFor();
      await page.getByLabel('Token').fill(tokens.operator);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByText('No clusters yet').waitFor();

      const influxd = await server();
      await influxd.query('CREATE DATABASE telegraf');
      const command = (await shownCommand(page)).map((each) =>
        each === '/var/lib/cflux' ? join(dir, 'agent') : each,
      );
      const agent = running(
        [...command, '--cluster', 'prod', '--influxdb', influxd.url, '--listen', ':0', '--interval', '200ms'],
        { CFLUX_TOKEN: tokens.agent },
      );
      onTestFinished(async () => void (await agent.end()));
      await page.getByRole('link', { name: 'prod', exact: true }).click();
      const row = page.getByRole('table', { name: 'Nodes' }).getByRole('row').nth(1);
      await row.getByText('up to date').waitFor();
      await row.getByText('in sync').waitFor();

      const env = { CFLUX_TOKEN: tokens.operator };
      const statement = "CREATE USER grafana WITH PASSWORD 'secret of grafana'";
      const at = ['--endpoint', manager.url, '--cluster', 'prod'];
      expect((await cflux(['exec', statement, ...at], { env })).code).toBe(0);
      await row.getByText('findings').waitFor();
      await row.click();
      await page.getByRole('list', { name: 'Findings' }).getByText('user "grafana"').waitFor();
      await page.keyboard.press('Escape');

      const history = async () =>
        JSON.parse((await cflux(['history', 'prod', '--json', ...at.slice(0, 2)], { env })).out);
      const before = await history();
      await page.getByRole('link', { name: 'Overview' }).click();
      await manager.end('SIGKILL');
      await page.getByText('no manager', { exact: true }).waitFor();
      await manager.start();
      await page.getByText('another manager process responds now').waitFor();
      await page.getByText('no manager', { exact: true }).waitFor({ state: 'detached' });
      expect(await history()).toMatchObject(before.map(({ version }: { version: number }) => ({ version })));
      await page.evaluate("location.hash = '#/prod/history'");
      const kept = page.getByRole('list', { name: /^Kept/ });
      await kept.getByText(String(before[0].version)).waitFor();
      await kept.getByText('operator').first().waitFor();

      expect(manager.output).toContain('by="operator"');
      expect(requested.length).toBeGreaterThan(0);
      for (const token of [...Object.values(tokens), 'a-token-that-is-wrong', 'secret of grafana'])
        expect(manager.output).not.toContain(token);
    });
  });

  describeWithServer('etcd', 'two managers on etcd', () => {
    it('agree on the versions of nodes, and each shows what the other stored', async () => {
      const etcd = await startEtcd();
      onTestFinished(() => etcd.close());
      const managers = [1, 2].map(() => new RealManager(['etcd', ...etcd.endpoints]));
      for (const manager of managers) await manager.start();
      const [one, two] = managers.map(({ url }) => url);
      if (one === undefined || two === undefined) throw new Error('two managers were started');
      const clientAt = async (endpoint: string) => {
        const client = new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), {
          cluster: 'prod',
          endpoint,
          heartbeatInterval: 300,
        });
        onTestFinished(() => client.close());
        await client.open();
        return client;
      };
      const [first, second] = [await clientAt(one), await clientAt(two)];
      const pages = [];
      for (const url of [one, two]) pages.push((await openPage(url, '#/prod/nodes')).page);
      for (const page of pages) await page.getByText('1 other').waitFor();
      await second.createDatabase('through-the-second');
      await first.createDatabase('through-the-first');
      const ids = [first, second].map(({ status }) => status.nodeId);
      for (const page of pages) {
        await page.getByText(`version ${first.status.version}`).waitFor();
        for (const id of ids)
          await page.getByRole('row', { name: new RegExp(`up to date ${id} .* newest`) }).waitFor();
      }
      for (const page of pages) {
        await page.getByRole('link', { name: 'History' }).click();
        const newest = page.getByRole('list', { name: /^Kept/ }).getByRole('listitem').first();
        for (const id of ids) await newest.getByRole('link', { name: `node ${id}` }).waitFor();
        await newest.getByText('+1 database').waitFor();
      }
    });
  });
});
