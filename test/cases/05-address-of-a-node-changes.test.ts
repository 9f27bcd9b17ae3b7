import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { expect, it, onTestFinished } from 'vitest';
import { cflux } from '../cli/lab-terminal.js';

interface Listed {
  readonly id: number;
  readonly bindAddress: string;
  readonly alive: boolean;
}

it('case 05: the list of nodes shows the address that a node has now', async () => {
  const running = cflux(['manager', '--listen', '127.0.0.1:0', '--memory']);
  onTestFinished(() => void running.end());
  const endpoint = /listening on (\S+),/.exec(await running.line('listening on'))?.[1] ?? '';
  const dir = mkdtempSync(join(tmpdir(), 'cflux-case-05-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const nodes = async (): Promise<readonly Listed[]> =>
    JSON.parse(await (await fetch(`${endpoint}/nodes/c`)).text());
  const startAt = async (bindAddress: string) => {
    const client = new CfluxClient(new LocalMetaClient(), { cluster: 'c', endpoint, dir, bindAddress });
    await client.open();
    onTestFinished(() => client.close());
    return client;
  };
  const first = await startAt('10.0.0.1:8086');
  const [before] = await nodes();
  await first.close();
  await startAt('10.0.0.2:8086');
  expect(await nodes()).toMatchObject([{ id: before?.id, bindAddress: '10.0.0.2:8086', alive: true }]);
});
