import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { labManager } from '../influxdb/support/fleet.js';
import { atEnd, directory, server } from '../influxdb/support/lab.js';
import { cflux } from '../support/fake-terminal.js';
import type { InfluxAnswer, Influxd } from '../support/influxd.js';
import { describeWithServer } from '../support/servers.js';
import { cflux as running } from './lab-terminal.js';

const run = promisify(execFile);
const script = fileURLToPath(new URL('../influxql/script.iql', import.meta.url));

const questions = [
  'SHOW DATABASES',
  ...['sensors', '"plant; north"', 'telegraf'].map((name) => `SHOW RETENTION POLICIES ON ${name}`),
  'SHOW CONTINUOUS QUERIES',
  'SHOW SUBSCRIPTIONS',
  'SHOW USERS',
  ...['root', 'reader', '"wri;ter"'].map((name) => `SHOW GRANTS FOR ${name}`),
];

/** This client takes each line for a statement of its own, and an empty one for an error. */
async function oneLine(file: string): Promise<string> {
  const lines = (await readFile(file, 'utf8')).split('\n');
  return lines.filter((line) => line !== '' && !line.startsWith('--')).join(' ');
}

/** Rows in order: a server keeps grants in none, and an agent makes the default policy of a database first. */
function sorted(response: InfluxAnswer): InfluxAnswer {
  for (const { values } of response.results?.[0]?.series ?? [])
    values?.sort((one, other) => (String(one[0]) < String(other[0]) ? -1 : 1));
  return response;
}

const responses = (of: Influxd) =>
  Promise.all(questions.map(async (question) => sorted(await of.query(question))));

describeWithServer('influx', 'a script of real statements', () => {
  it('run by cflux exec, gives a following server the SHOW responses that it gives by the client of InfluxDB', async () => {
    const [following, alone, manager] = [await server(), await server(), await labManager()];
    const { port } = new URL(alone.url);
    const client = await run('influx', [
      '-host',
      '127.0.0.1',
      '-port',
      port,
      '-execute',
      await oneLine(script),
    ]);
    expect(client.stdout + client.stderr).not.toMatch(/^ERR/m);

    const passwords = join(await directory(), 'passwords.toml');
    await writeFile(passwords, `root = 'r00t; "x"'\nreader = 'new'\n"wri;ter" = 'w'\n`);
    const common = ['--endpoint', manager.url, '--cluster', 'prod'];
    const agent = running([
      'agent',
      ...['--influxdb', following.url, '--data', await directory(), '--passwords', passwords],
      ...['--listen', ':0', '--allow-drops', ...common],
    ]);
    atEnd(() => agent.end());
    await agent.line('in sync with version');
    const { code, err } = await cflux(['exec', '--file', script, '--atomic', ...common]);
    expect([code, err]).toEqual([0, expect.stringContaining('changes; version')]);
    const [, version = ''] = /version (\d+)/.exec(err) ?? [];
    await agent.line(`in sync with version ${version}`);

    expect(await responses(following)).toEqual(await responses(alone));
    // The cluster itself gives them, too; servers of this version print three decimals.
    const expected = await responses(alone);
    for (const [at, question] of questions.entries()) {
      const { out } = await cflux(['exec', question, '--format', 'json', ...common]);
      expect(sorted(JSON.parse(out.replace('1.25 GROUP', '1.250 GROUP'))), question).toEqual(expected[at]);
    }
  });
});
