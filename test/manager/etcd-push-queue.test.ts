import { expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { etcd } from '../../src/manager/stores/etcd/api/methods.js';
import { EtcdConnection } from '../../src/manager/stores/etcd/connect/connection.js';
import { Keys } from '../../src/manager/stores/etcd/keys.js';
import { EtcdPushQueue } from '../../src/manager/stores/etcd/queue/etcd-push-queue.js';
import { systemRandom } from '../../src/random.js';
import { startEtcd } from '../support/etcd.js';
import { describeWithServer } from '../support/servers.js';

describeWithServer('etcd', 'R26: the push queue in etcd', () => {
  it('R26: a ticket whose removal the watch reported before an earlier read showed it does not stop the queue', async () => {
    const server = await startEtcd();
    onTestFinished(() => server.close());
    const connection = await EtcdConnection.connect(
      { endpoints: server.endpoints },
      systemClock,
      systemRandom,
    );
    onTestFinished(() => connection.close());
    const keys = new Keys('/queue/');
    const queue = new EtcdPushQueue(connection, keys, {
      clock: systemClock,
      random: systemRandom,
      nodeTtl: 15_000,
      keepVersions: 10,
      mutationMemory: 60_000,
      maxNodes: 100,
    });
    const enter = async (nodeId: number) => {
      const commit = { cluster: 'c', base: 1, snapshot: new Uint8Array(), mutation: `m${nodeId}`, nodeId };
      const entry = queue.arrive(commit, 1);
      const { ranges, revision } = await connection.call(etcd.txn, {
        compare: [],
        success: queue.enter(entry),
      });
      return { entry, ranges, revision };
    };
    const first = await enter(7);
    const second = await enter(8);
    const removal = { compare: [], success: [{ deleteKey: first.entry.key }] };
    const { revision } = await connection.call(etcd.txn, removal);
    // The watch is faster than the response of the read.
    queue.onTicket('delete', {
      key: first.entry.key,
      createRevision: 0,
      modRevision: revision,
      value: new Uint8Array(),
    });
    const [read] = second.ranges;
    if (read === undefined) throw new Error('entering reads the queue');
    queue.note('c', read, second.revision);
    expect(queue.isFirst(second.entry)).toBe(false);
    await queue.wait(second.entry);
    expect(queue.isFirst(second.entry)).toBe(true);
  });
});
