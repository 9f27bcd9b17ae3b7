import { connect } from 'node:net';
import { EtcdStore } from 'clusterflux/manager';
import { expect, it, onTestFinished } from 'vitest';
import { startEtcd } from '../support/etcd.js';
import { serve } from '../support/serve.js';
import { describeWithServer } from '../support/servers.js';

describeWithServer('etcd', 'a manager on etcd', () => {
  it('R24: heartbeats of clusters that do not exist never fail the heartbeats of a node', async () => {
    const etcd = await startEtcd();
    onTestFinished(() => etcd.close());
    const { url } = await serve({ store: new EtcdStore({ endpoints: etcd.endpoints }) });
    const registration = { method: 'POST', body: '{"ip":"10.0.0.1","hostname":"h"}' };
    const { id } = Object(await (await fetch(`${url}/nodes/good`, registration)).json());

    let [names, answers, running] = [0, 0, true];
    const statuses = new Set<string>();
    for (let i = 0; i < 20; i++) {
      const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {});
      onTestFinished(() => {
        running = false;
        socket.destroy();
      });
      let underWay = 0;
      const fill = () => {
        for (; running && underWay < 25; underWay++) {
          socket.write(`PUT /nodes/${'%01'.repeat(245)}${names++}/1 HTTP/1.1\r\nHost: localhost\r\n\r\n`);
        }
      };
      socket.on('data', (data) => {
        for (const [, status = ''] of data.toString('latin1').matchAll(/HTTP\/1\.1 (\d+)/g)) {
          statuses.add(status);
          underWay -= 1;
          answers += 1;
        }
        fill();
      });
      fill();
    }
    await expect.poll(() => answers, { timeout: 60_000 }).toBeGreaterThan(500);

    const heartbeat = async () => {
      const answer = await fetch(`${url}/nodes/good/${id}`, { method: 'PUT' });
      return `${answer.status} ${await answer.text()}`;
    };
    const late = /^503 the store did not respond within/;
    for (let beats = 0; beats < 15; ) {
      const answer = await heartbeat();
      // On a busy machine the flood may cost a heartbeat its time; what a flood must not do is have it refused.
      if (late.test(answer)) continue;
      expect(answer).toBe('200 ');
      beats += 1;
    }
    expect([...statuses].filter((status) => status !== '404' && status !== '503')).toEqual([]);
  });
});
