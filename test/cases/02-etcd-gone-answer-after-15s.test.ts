import { CfluxClient, LocalMetaClient } from 'clusterflux';
import { expect, it, onTestFinished } from 'vitest';
import { cflux } from '../cli/lab-terminal.js';
import { startEtcd } from '../support/etcd.js';
import { describeWithServer } from '../support/servers.js';

describeWithServer('etcd', 'case 02: etcd is gone', () => {
  it('R3: a change is refused as unavailable, and certainly not made', async () => {
    const etcd = await startEtcd();
    onTestFinished(() => etcd.close());
    const running = cflux(['manager', '--listen', '127.0.0.1:0', '--etcd', etcd.endpoints.join(',')]);
    onTestFinished(() => void running.end());
    const url = /listening on (\S+),/.exec(await running.line('listening on'))?.[1] ?? '';
    const client = new CfluxClient(new LocalMetaClient(), { cluster: 'c', endpoint: url });
    await client.open();
    onTestFinished(() => client.close());
    await client.createDatabase('before');
    await etcd.members[0]?.kill();
    // The manager notices that its connections are gone; a change that was on the way then has an unknown outcome.
    await expect.poll(async () => (await fetch(`${url}/ready`)).status).toBe(503);
    const poll = await fetch(`${url}/clusters/c/versions/${client.status.version}?wait=0`);
    expect([poll.status, poll.headers.get('cflux-outcome')]).toEqual([503, 'refused']);
    const refused = { code: 'UNAVAILABLE', outcome: 'notApplied' };
    await expect(client.createDatabase('after')).rejects.toMatchObject(refused);
  });
});
