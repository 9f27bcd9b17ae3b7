import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { expect, it, onTestFinished } from 'vitest';
import { cflux } from '../cli/lab-terminal.js';
import { startEtcd } from '../support/etcd.js';
import { EtcdUsers } from '../support/etcd-users.js';
import { describeWithServer } from '../support/servers.js';

describeWithServer('etcd', 'case 01: authentication is enabled in etcd while managers run', () => {
  it('a manager that was given a user continues when authentication is enabled, disabled and enabled again', async () => {
    const etcd = await startEtcd();
    onTestFinished(() => etcd.close());
    const dir = mkdtempSync(join(tmpdir(), 'cflux-case-01-'));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    const file = join(dir, 'password');
    writeFileSync(file, 'secret\n');
    const flags = [
      '--etcd',
      etcd.endpoints.join(','),
      '--etcd-user',
      'manager',
      '--etcd-password-file',
      file,
    ];
    const running = cflux(['manager', '--listen', '127.0.0.1:0', ...flags]);
    onTestFinished(() => void running.end());
    const url = /listening on (\S+),/.exec(await running.line('listening on'))?.[1] ?? '';
    const client = new CfluxClient(new LocalMetaClient(), { cluster: 'c', endpoint: url });
    await client.open();
    onTestFinished(() => client.close());
    await client.createDatabase('before');

    const users = await EtcdUsers.add(etcd, 'secret');
    await users.enable();
    await client.createDatabase('enabled');
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    await users.disable();
    await client.createDatabase('disabled');
    await users.enable();
    await client.createDatabase('enabled-again');
    expect((await client.databases()).map(({ name }) => name)).toContain('enabled-again');
  });
});
