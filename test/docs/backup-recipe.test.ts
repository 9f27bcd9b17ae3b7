import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { decodeMetadata } from 'clusterflux';
import { expect, it, onTestFinished } from 'vitest';
import { cflux } from '../support/fake-terminal.js';
import { startInfluxd } from '../support/influxd.js';
import { serve } from '../support/serve.js';
import { describeWithServer } from '../support/servers.js';
import { blocksOf, section, textOf } from './markdown.js';

/** The file that a pattern with one `*` in its name stands for. */
async function expanded(path: string): Promise<string> {
  if (!path.includes('*')) return path;
  const [begin = '', end = ''] = basename(path).split('*');
  const found = (await readdir(dirname(path))).filter((name) => name.startsWith(begin) && name.endsWith(end));
  expect(found).toHaveLength(1);
  return join(dirname(path), found[0] ?? '');
}

describeWithServer('influxd', 'the recipe for a backup in docs/influxdb.md', () => {
  it('gives a cluster what the server has, line by line', { timeout: 60_000 }, async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cflux-recipe-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const server = await startInfluxd();
    onTestFinished(() => server.remove());
    await server.query("CREATE DATABASE alpha; CREATE USER ann WITH PASSWORD 'secret' WITH ALL PRIVILEGES");
    const { url, manager } = await serve();
    const places: Readonly<Record<string, string>> = {
      '/backup': dir,
      '/var/lib/influxdb': server.dir,
      '127.0.0.1:8088': server.snapshot,
      'https://manager.example:8000': url,
      '--token-file /etc/cflux/manager-token ': '',
    };
    const lines = blocksOf(section(textOf('docs/influxdb.md'), '## Start from a backup'))
      .filter(({ language }) => language === 'sh')
      .flatMap(({ code }) => code.trim().split('\n'))
      .map((line) => Object.entries(places).reduce((text, [from, to]) => text.replaceAll(from, to), line));
    expect(lines).toHaveLength(5);
    let imports = 0;
    for (const line of lines) {
      const [program = '', ...words] = line.split(' ');
      const args = await Promise.all(words.map(expanded));
      if (program === 'influxd') {
        await promisify(execFile)('influxd', args);
        continue;
      }
      expect(await cflux(args)).toMatchObject({ code: 0, err: '' });
      imports += 1;
      const [newest] = await manager.history('prod');
      const { databases, users } = decodeMetadata(await manager.version('prod', newest?.version ?? 0));
      expect([databases.map(({ name }) => name), users.map(({ name }) => name)]).toEqual([
        ['alpha'],
        ['ann'],
      ]);
    }
    expect(imports).toBe(3);
  });
});
