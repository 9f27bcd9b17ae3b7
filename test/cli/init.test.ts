import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HttpTransport } from 'clusterflux';
import { expect, it, onTestFinished } from 'vitest';
import { cflux } from '../support/fake-terminal.js';
import { serve } from '../support/serve.js';

async function outputDirectory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-init-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return join(dir, 'setup');
}

const machines = ['--cluster', 'prod', '--managers', 'm1', '--servers', 'm1,db2'];

it('cflux init writes configuration that is valid, tokens that the manager accepts, and units', async () => {
  const output = await outputDirectory();
  const { code, out } = await cflux(['init', ...machines, '--output', output]);
  expect(code).toBe(0);
  expect((await readdir(output)).sort()).toEqual(['db2', 'm1', 'operator-token']);
  expect((await readdir(join(output, 'db2'))).sort()).toEqual(['cflux-agent.service', 'cflux.toml', 'token']);
  for (const secret of ['operator-token', 'm1/tokens.toml', 'm1/token', 'db2/token'])
    expect((await stat(join(output, secret))).mode & 0o777, secret).toBe(0o600);
  for (const host of ['m1', 'db2'])
    expect((await cflux(['config', 'check', '--config', join(output, host, 'cflux.toml')])).code).toBe(0);
  expect(await readFile(join(output, 'm1', 'cflux-manager.service'), 'utf8')).toContain(
    'cflux manager --config',
  );

  const { url } = await serve({}, { tokens: join(output, 'm1', 'tokens.toml') });
  const token = (await readFile(join(output, 'db2', 'token'), 'utf8')).trim();
  const transport = new HttpTransport({ endpoint: url, token });
  onTestFinished(() => transport.close());
  expect(await transport.nodes({ cluster: 'prod' })).toEqual([]);
  await expect(transport.nodes({ cluster: 'other' })).rejects.toMatchObject({ code: 'FORBIDDEN' });
  const operator = ['clusters', '--endpoint', url, '--token-file', join(output, 'operator-token')];
  expect((await cflux(operator)).code).toBe(0);
  expect(out).not.toContain(token);

  // The printed commands create the certificates.
  for (const line of out.split('\n').filter((each) => each.startsWith('  openssl')))
    await promisify(execFile)('sh', ['-c', line.trim()], { cwd: output });
  const certificate = await promisify(execFile)('openssl', [
    'x509',
    '-noout',
    '-ext',
    'subjectAltName',
    '-in',
    join(output, 'm1', 'tls.pem'),
  ]);
  expect(certificate.stdout).toContain('DNS:m1');
}, 60_000);

it('cflux init overwrites nothing, and asks for what no flag names', async () => {
  const output = await outputDirectory();
  expect((await cflux(['init', ...machines, '--output', output])).code).toBe(0);
  const token = await readFile(join(output, 'db2', 'token'), 'utf8');
  await rm(join(output, 'm1'), { recursive: true });
  const again = await cflux(['init', ...machines, '--output', output]);
  expect([again.code, again.err]).toEqual([2, expect.stringContaining('not overwritten')]);
  expect(await readFile(join(output, 'db2', 'token'), 'utf8')).toBe(token);
  expect(await readdir(output)).not.toContain('m1');

  const other = await outputDirectory();
  const asked = await cflux(['init', '--managers', 'm1', '--output', other], { typed: 'db1' });
  expect(asked.code).toBe(0);
  expect(await readFile(join(other, 'db1', 'cflux.toml'), 'utf8')).toContain('cluster = "db1"');
  const silent = await cflux(['init', '--managers', 'm1', '--output', other]);
  expect([silent.code, silent.err]).toEqual([2, expect.stringContaining('pass --servers')]);
});

it.each([
  [['--managers', 'm1,m2', '--servers', 'db1', '--cluster', 'c'], 'pass --etcd'],
  [['--managers', 'm1', '--servers', '../etc', '--cluster', 'c'], 'is not a host name'],
  [['--managers', '', '--servers', 'db1', '--cluster', 'c'], 'at least one machine'],
])('cflux init %j is refused', async (flags, message) => {
  const output = await outputDirectory();
  await writeFile(`${output}.marker`, '');
  const { code, err } = await cflux(['init', ...flags, '--output', output]);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
  await expect(stat(output)).rejects.toThrow();
});
