import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { directory, server } from '../influxdb/support/lab.js';
import { cflux } from '../support/fake-terminal.js';
import { serve } from '../support/serve.js';
import { describeWithServer } from '../support/servers.js';

const nowhere = 'http://127.0.0.1:9';

describeWithServer('influxd', 'cflux agent --check', () => {
  it('prints a line for each thing that an agent needs, changes nothing, and ends', async () => {
    const influxd = await server();
    const { url, manager } = await serve();
    const data = join(await directory(), 'new', 'cflux');
    const check = ['agent', '--check', '--influxdb', influxd.url, '--endpoint', url, '--data', data];
    const { code, out } = await cflux(check);
    expect(out.split('\n').map((line) => line.slice(0, 24))).toEqual([
      'ok      server          ',
      'ok      rights          ',
      'ok      snapshot port   ',
      'ok      manager         ',
      'ok      data directory  ',
    ]);
    expect(code).toBe(0);
    expect(await manager.clusters()).toEqual([]);
  });

  it('names each thing that does not work, and exits with code 1', async () => {
    const file = join(await directory(), 'file');
    await writeFile(file, '');
    const tokens = [{ name: 'ops', token: 'operator-token-01', scopes: ['admin'] as const }];
    const { url } = await serve({}, { tokens });
    const { code, out } = await cflux([
      'agent',
      '--check',
      '--influxdb',
      nowhere,
      '--endpoint',
      url,
      '--data',
      file,
    ]);
    const lines = out.split('\n');
    expect(code).toBe(1);
    expect(lines).toHaveLength(5);
    for (const line of lines) expect(line).toMatch(/^failed/);
    expect(lines[0]).toContain('127.0.0.1:9');
    expect(lines[3]).toContain('Authorization');
    expect(lines[4]).toContain('not a directory');
  }, 60_000);
});
