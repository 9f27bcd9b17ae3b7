import { type EtcdOptions, EtcdStore, Manager } from 'clusterflux/manager';
import { expect, it, onTestFinished } from 'vitest';
import { type EtcdCluster, startEtcd } from '../support/etcd.js';
import { EtcdUsers } from '../support/etcd-users.js';
import { describeWithServer } from '../support/servers.js';
import { TcpProxy } from '../support/tcp-proxy.js';

async function etcdForTest(): Promise<EtcdCluster> {
  const etcd = await startEtcd();
  onTestFinished(() => etcd.close());
  return etcd;
}

function managerOn(options: EtcdOptions): Manager {
  const manager = new Manager({ store: new EtcdStore(options) });
  onTestFinished(() => manager.close());
  return manager;
}

let mutations = 0;

/** Makes the next version of cluster `c`; it fails the first time that the manager refuses. */
async function push(manager: Manager, version: number): Promise<number> {
  const mutation = `m-${mutations++}`;
  const result = await manager.push({ cluster: 'c', version, snapshot: Buffer.from(mutation), mutation });
  if (result.kind !== 'committed') throw new Error(result.kind);
  return result.version;
}

describeWithServer('etcd', 'EtcdStore and the users of etcd', () => {
  it('a held poll completes after authentication was enabled and the connection to etcd was cut', async () => {
    const etcd = await etcdForTest();
    const proxy = await TcpProxy.start(etcd.endpoints[0] ?? '');
    onTestFinished(() => proxy.close());
    const user = { user: 'manager', password: 'secret' };
    const cut = managerOn({ endpoints: proxy.url, ...user });
    const other = managerOn({ endpoints: etcd.endpoints, ...user });
    const first = await push(cut, 0);
    const held = cut.poll({ cluster: 'c', version: first, wait: 60_000 });
    const users = await EtcdUsers.add(etcd, 'secret');
    await users.enable();
    // The watch must be opened again, and the token that the manager has is of the time before.
    proxy.cut();
    const second = await push(other, first);
    expect(await held).toMatchObject({ kind: 'snapshot', version: second });
  });

  it('tokens that a restarted etcd does not know are renewed', async () => {
    const etcd = await etcdForTest();
    const users = await EtcdUsers.add(etcd, 'secret');
    await users.enable();
    const manager = managerOn({ endpoints: etcd.endpoints, user: 'manager', password: 'secret' });
    const first = await push(manager, 0);
    const held = manager.poll({ cluster: 'c', version: first, wait: 60_000 });
    await etcd.members[0]?.kill();
    await etcd.members[0]?.start();
    const second = await push(manager, first);
    expect(await held).toMatchObject({ version: second });
    await manager.check();
  });

  it('a rotated password is read again; meanwhile requests are refused as not stored', async () => {
    const etcd = await etcdForTest();
    const users = await EtcdUsers.add(etcd, 'old-secret');
    await users.enable();
    let password = 'old-secret';
    const manager = managerOn({ endpoints: etcd.endpoints, user: 'manager', password: () => password });
    const version = await push(manager, 0);
    await users.changePassword('manager', 'new-secret');
    const refused = { code: 'UNAVAILABLE', outcome: 'notApplied', retryable: true };
    await expect(push(manager, version)).rejects.toMatchObject(refused);
    password = 'new-secret';
    await push(manager, version);
  });

  it('a password that cannot be read at the moment is an unavailable store, not an error of the request', async () => {
    const etcd = await etcdForTest();
    const users = await EtcdUsers.add(etcd, 'secret');
    await users.enable();
    let isThere = true;
    const password = () => {
      if (!isThere) throw new Error('ENOENT: password');
      return 'secret';
    };
    const manager = managerOn({ endpoints: etcd.endpoints, user: 'manager', password });
    const version = await push(manager, 0);
    isThere = false;
    await users.changePassword('manager', 'secret');
    const unavailable = { code: 'UNAVAILABLE', message: expect.stringContaining('ENOENT: password') };
    await expect(push(manager, version)).rejects.toMatchObject(unavailable);
    isThere = true;
    await push(manager, version);
  });

  it('a manager without a user reports that etcd requires one, and resumes when etcd no longer does', async () => {
    const etcd = await etcdForTest();
    const manager = managerOn({ endpoints: etcd.endpoints });
    const version = await push(manager, 0);
    const users = await EtcdUsers.add(etcd, 'secret');
    await users.enable();
    const refused = { outcome: 'notApplied', message: expect.stringContaining('configure a user') };
    await expect(push(manager, version)).rejects.toMatchObject(refused);
    await expect(manager.check()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await users.disable();
    await manager.check();
    await push(manager, version);
  });

  it('many calls that fail with one stale token request one new token', async () => {
    const etcd = await etcdForTest();
    let asked = 0;
    const password = () => {
      asked += 1;
      return 'secret';
    };
    const manager = managerOn({ endpoints: etcd.endpoints, user: 'manager', password });
    const users = await EtcdUsers.add(etcd, 'secret');
    await push(manager, 0);
    expect(asked).toBe(1);
    await users.enable();
    await Promise.all(Array.from({ length: 50 }, (_, i) => manager.history(`c-${i}`)));
    expect(asked).toBe(2);
  });
});
