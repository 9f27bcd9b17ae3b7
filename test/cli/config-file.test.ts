import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LocalMetaClient } from 'clusterflux';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CfluxClient } from '../../src/client/cflux-client.js';
import { cflux } from '../support/fake-terminal.js';
import { serve } from '../support/serve.js';

async function configFile(content: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-config-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, 'cflux.toml');
  await writeFile(file, content);
  return file;
}

async function managerWith(cluster: string): Promise<string> {
  const { url } = await serve();
  const client = new CfluxClient(new LocalMetaClient(), { endpoint: url, cluster });
  await client.open();
  await client.createDatabase(`of ${cluster}`);
  await client.close();
  return url;
}

describe('the configuration file', () => {
  it('is read by every command; flags win over the environment, and that over the file', async () => {
    const [one, other] = [await managerWith('one'), await managerWith('other')];
    const file = await configFile(`endpoint = "${one}"\ncluster = "one"\n[show]\njson = true\n`);
    const shown = await cflux(['show', '--config', file]);
    expect(JSON.parse(shown.out)).toMatchObject({ cluster: 'one', databases: [{ name: 'of one' }] });
    const byVariable = { CFLUX_CONFIG: file };
    expect((await cflux(['exec', 'SHOW DATABASES'], { env: byVariable })).out).toContain('of one');
    expect((await cflux(['status', `--config=${file}`])).out).toContain(one);
    const environment = { ...byVariable, CFLUX_ENDPOINT: other, CLUSTER: 'other' };
    expect((await cflux(['exec', 'SHOW DATABASES'], { env: environment })).out).toContain('of other');
    const flags = ['--endpoint', one, '--cluster', 'one'];
    expect((await cflux(['exec', 'SHOW DATABASES', ...flags], { env: environment })).out).toContain('of one');
  });

  it('is never searched in the working directory, and need not exist', async () => {
    const file = await configFile('endpoint = "http://127.0.0.1:9"\n');
    const before = process.cwd();
    onTestFinished(() => process.chdir(before));
    process.chdir(join(file, '..'));
    expect((await cflux(['clusters'])).err).not.toContain('127.0.0.1:9');
    const missing = await cflux(['clusters', '--config', `${file}.missing`]);
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('.missing')]);
  });

  it('that cannot be read is an error by default only for commands that need it', async () => {
    const url = await managerWith('one');
    const broken = await configFile('endpoint = \n');
    const needs = await cflux(['clusters'], { configFile: broken });
    expect([needs.code, needs.err]).toEqual([2, expect.stringContaining('line 1')]);
    for (const [args, env] of [
      [['clusters', '--endpoint', url], {}],
      [['clusters'], { CFLUX_ENDPOINT: url }],
    ] as const) {
      const { code, err } = await cflux(args, { configFile: broken, env });
      expect([code, err]).toEqual([0, expect.stringContaining('continuing without it')]);
    }
    expect((await cflux(['clusters', '--endpoint', url, '--config', broken])).code).toBe(2);
    expect((await cflux(['help', 'clusters'], { configFile: broken })).code).toBe(0);
  });

  it('has lists, numbers, durations and --no- flags; a directory on the command line replaces its --memory', async () => {
    const dir = join(await configFile(''), '..', 'data');
    await mkdir(dir);
    await chmod(dir, 0o700);
    const file = await configFile(
      `[manager]\nlisten = "127.0.0.1:0"\ndata = "${dir}"\nnode-ttl = "20s"\nhistory = 3\nhost-name = ["a", "b"]\n`,
    );
    const ended = Promise.resolve('SIGTERM');
    const stored = await cflux(['manager', '--config', file], { ended });
    expect([stored.code, stored.out]).toEqual([0, expect.stringContaining(dir)]);
    const memory = await cflux(['manager', '--config', file, '--memory'], { ended });
    expect([memory.code, memory.out]).toEqual([0, expect.stringContaining('memory')]);
  });

  it.each([
    ['endpiont = "http://m:8000"', 'endpiont: unknown; did you mean endpoint?'],
    ['[agnet]\ndata = "/x"', '[agnet]: unknown; did you mean agent?'],
    ['[agent]\nmax-drop = 1', '[agent], max-drop: unknown; did you mean max-drops?'],
    ['[agent]\nmax-drops = 0', '[agent] max-drops: write a whole number above 0'],
    ['[agent]\nimport = "yes"', '[agent] import: write true or false'],
    ['[agent]\ninterval = {}', '[agent] interval: write a string'],
    ['token = "secret"', 'token: unknown'],
    ['endpoint = ', 'line 1'],
  ])('%j is refused by `cflux config check` with its place', async (content, message) => {
    const file = await configFile(content);
    const { code, err } = await cflux(['config', 'check', '--config', file]);
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
    expect(err).not.toContain('secret');
  });

  it('that is valid is confirmed by `cflux config check`', async () => {
    const file = await configFile(
      'endpoint = ["http://a:1", "http://b:1"]\n[agent]\nsnapshot = false\nimport = true\n',
    );
    const { code, out } = await cflux(['config', 'check'], { env: { CFLUX_CONFIG: file } });
    expect([code, out]).toEqual([0, `${file} is valid: 1 common settings, [agent]`]);
  });
});
