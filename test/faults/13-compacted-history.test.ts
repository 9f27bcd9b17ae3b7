import { EtcdStore } from 'clusterflux/manager';
import { expect, it, onTestFinished } from 'vitest';
import { startEtcd } from '../support/etcd.js';
import { serve } from '../support/serve.js';
import { describeWithServer } from '../support/servers.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { openNode, until } from './support/nodes.js';

describeWithServer('etcd', '#13 a compacted history', () => {
  it('#13 R22: what changed while a manager was cut off from etcd reaches its nodes, though etcd has compacted it away, without another change', async () => {
    const etcd = await startEtcd(1);
    onTestFinished(() => etcd.close());
    const [endpoint = ''] = etcd.endpoints;
    const proxy = await TcpProxy.start(endpoint);
    onTestFinished(() => proxy.close());
    const away = await serve({ store: new EtcdStore({ endpoints: proxy.url }) });
    const here = await serve({ store: new EtcdStore({ endpoints: endpoint }) });
    const nodeAway = await openNode(away.url, { haste: 1 });
    const nodeHere = await openNode(here.url, { haste: 1 });
    await nodeHere.client.createDatabase('before');
    await until(() => nodeAway.databases().includes('before'), 'both follow');

    // Down: not only cut, or it would be there again before the compaction.
    proxy.refuse();
    for (const name of ['one', 'two', 'three']) await nodeHere.client.createDatabase(name);
    const { header } = await etcd.gateway('kv/range', { key: 'AA==' });
    await etcd.gateway('kv/compaction', { revision: Object(header).revision, physical: true });
    expect(nodeAway.databases()).toEqual(['before']);
    proxy.heal();
    await until(() => nodeAway.databases().includes('three'), 'it converges', 60);
    expect(nodeAway.databases()).toEqual(nodeHere.databases());
  });
});
