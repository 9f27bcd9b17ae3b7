import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { expectOwnDirectory } from '../../src/cli/agent/agent-directory.js';
import { cflux } from '../support/fake-terminal.js';

/** A directory as InfluxDB lays it out. */
async function influxdbRoot(): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'cflux-dir-'));
  onTestFinished(() => rm(root, { recursive: true }));
  for (const name of ['meta', 'data', 'wal', 'cflux']) await mkdir(join(root, name));
  await writeFile(join(root, 'meta', 'meta.db'), '');
  await symlink(join(root, 'meta'), join(root, 'link'));
  return root;
}

it.each([
  ['the directory with meta.db', 'meta'],
  ['a directory in it', 'meta/cflux'],
  ['a directory deeper in it', 'meta/a/b'],
  ['a link to it', 'link'],
  ['a new directory behind a link to it', 'link/new'],
  ['the directory above it', ''],
])('an agent refuses %s as --data', async (_, path) => {
  const root = await influxdbRoot();
  await expect(expectOwnDirectory(join(root, path))).rejects.toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining(join(root, 'meta', 'meta.db')),
  });
});

it('an agent accepts a directory of its own, also beside those of InfluxDB, and its own one again', async () => {
  const root = await influxdbRoot();
  await expectOwnDirectory(join(root, 'cflux'));
  await expectOwnDirectory(join(root, 'new'));
  await mkdir(join(root, 'cflux', 'cluster'));
  await writeFile(join(root, 'cflux', 'cluster', 'meta.db'), '');
  await expectOwnDirectory(join(root, 'cflux'));
});

it('cflux agent, and its --check, name the file and a better directory', async () => {
  const root = await influxdbRoot();
  const away = ['--influxdb', 'http://127.0.0.1:9', '--endpoint', 'http://127.0.0.1:9', '--listen', ':0'];
  const agent = ['agent', ...away, '--data', join(root, 'meta')];
  const message = `${join(root, 'meta', 'meta.db')} is the metadata of an InfluxDB server or of another agent`;
  const started = await cflux(agent);
  expect(started.code).not.toBe(0);
  expect(started.err).toContain(message);
  const checked = await cflux([...agent, '--check']);
  expect(checked.out.split('\n').at(-1)).toMatch(/^failed {2}data directory /);
  expect(checked.out).toContain(message);
});
