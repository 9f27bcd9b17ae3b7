import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startEtcd } from '../support/etcd.js';
import { startInfluxd } from '../support/influxd.js';
import { serve } from '../support/serve.js';
import { describeWithServer } from '../support/servers.js';
import { runExample, startExample } from './run-example.js';

const folder = fileURLToPath(new URL('../../examples/', import.meta.url));

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'cflux-example-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

describe('examples', () => {
  it.each(readdirSync(folder).filter((name) => name.endsWith('.ts')))('%s is short', (name) => {
    expect(readFileSync(join(folder, name), 'utf8').split('\n').length - 1).toBeLessThan(80);
  });

  it('quick-start: what one node changes, the other has', async () => {
    const { exit, out, err } = await runExample('quick-start');
    expect(err).toEqual([]);
    expect(out).toContain("b's default policy of telegraf: month");
    expect(out).toContain('refused: database not found: nowhere');
    const [a, b] = out.filter((line) => line.endsWith(': from a, from b, telegraf'));
    expect(b).toBe(a?.replace('a at', 'b at'));
    expect(exit).toBe(0);
  });

  it('wrap-a-mock: its tests pass, each of them', async () => {
    const { exit, out } = await runExample('wrap-a-mock', [], ['--test']);
    expect(out).toContain('# pass 4');
    expect(exit).toBe(0);
  });

  it('embedded-manager: continues from its last version after a restart', async () => {
    const dir = directory();
    const first = await runExample('embedded-manager', [dir]);
    expect(first.err).toEqual([]);
    expect(first.out).toContainEqual(expect.stringMatching(/^version \d+: run 1$/));
    const second = await runExample('embedded-manager', [dir]);
    expect(second.out).toContainEqual(expect.stringMatching(/^version \d+: run 1, run 2$/));
    const version = /\d+/.exec(first.out.find((line) => line.startsWith('version')) ?? '')?.[0];
    expect(second.out).toContain(`opened at version ${version}`);
    expect([first.exit, second.exit]).toEqual([0, 0]);
  });

  it('events-to-a-log: every line is JSON, none contains a secret, and Prometheus gets the figures', async () => {
    const { exit, out, err } = await runExample('events-to-a-log');
    const records = out.map((line) => JSON.parse(line));
    expect(records.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['registered', 'synced', 'pushed', 'replaced', 'closed']),
    );
    expect(records.find(({ event }) => event === 'replaced')).toMatchObject({
      level: 'warn',
      reason: 'joined',
    });
    expect(out.join('\n')).not.toMatch(/a password|\$2[aby]\$/);
    expect(err.join('\n')).toMatch(/^cflux_client_pushes_total\{cluster="prod"\} 1$/m);
    expect(exit).toBe(0);
  });
});

describeWithServer('influxd', 'examples with InfluxDB', () => {
  it('live-influxdb: the server gets what the cluster gets, until it is interrupted', async () => {
    const influxd = await startInfluxd();
    onTestFinished(() => influxd.remove());
    const { url } = await serve();
    const client = new CfluxClient(new LocalMetaClient(), { endpoint: url });
    await client.open();
    onTestFinished(() => client.close());
    await client.createDatabase('telegraf');
    const example = startExample('live-influxdb', [influxd.url, url, directory()]);
    await expect
      .poll(async () => JSON.stringify(await influxd.query('SHOW DATABASES')), { timeout: 60_000 })
      .toContain('telegraf');
    await expect.poll(() => example.out, { timeout: 60_000 }).toContain('1 changes made');
    example.process.kill('SIGINT');
    expect(await example.ended).toMatchObject({ exit: 0, err: [] });
  });
});

describeWithServer('etcd', 'examples with etcd', () => {
  it('several-managers: a node fails over to the other manager', async () => {
    const etcd = await startEtcd();
    onTestFinished(() => etcd.close());
    const { exit, out, err } = await runExample('several-managers', [etcd.endpoints.join(',')]);
    expect(err).toEqual([]);
    expect(out).toContain('one went on at the other manager: true');
    expect(out.at(-1)).toMatch(/^both have version \d+: true$/);
    expect(exit).toBe(0);
  });
});
