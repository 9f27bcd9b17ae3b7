import { X509Certificate } from 'node:crypto';
import { systemClock, systemRandom } from 'clusterflux';
import { EtcdStore } from 'clusterflux/manager';
import { expect, it, onTestFinished } from 'vitest';
import { etcdTls, startEtcd } from '../support/etcd.js';
import { serve } from '../support/serve.js';
import { describeWithServer } from '../support/servers.js';
import { tlsPem } from '../support/tls-fixtures.js';

const otherCa = Buffer.from(tlsPem('other-ca'));
const soon = { timeout: 20_000, interval: 200 };

describeWithServer('etcd', 'certificates of a manager for etcd (R9)', () => {
  it('are reloaded without a restart, and a bad one leaves the previous one', async () => {
    const etcd = await startEtcd(1, { tls: true });
    onTestFinished(() => etcd.close());
    let ca: Buffer | string = etcdTls.ca;
    const warnings: string[] = [];
    const store = new EtcdStore({
      endpoints: etcd.endpoints,
      tls: { ...etcdTls, ca: () => ca },
      warn: (message) => warnings.push(message),
    });
    await store.open({
      clock: systemClock,
      random: systemRandom,
      nodeTtl: 15_000,
      keepVersions: 10,
      mutationMemory: 600_000,
      maxNodes: 100,
    });
    onTestFinished(() => store.close());
    const state = () =>
      store.check().then(
        () => 'ready',
        () => 'unavailable',
      );
    expect(await state()).toBe('ready');
    ca = 'no PEM';
    const reported = async () => {
      expect(await state()).toBe('ready');
      return warnings.filter((text) => text.startsWith('cannot reload TLS certificates: ')).length;
    };
    await expect.poll(reported, soon).toBe(1);
    ca = otherCa;
    await expect.poll(state, soon).toBe('unavailable');
    ca = etcdTls.ca;
    await expect.poll(state, soon).toBe('ready');
  });

  it('are shown in the metrics, apart from those of the server', async () => {
    const etcd = await startEtcd(1, { tls: true });
    onTestFinished(() => etcd.close());
    let ca = etcdTls.ca;
    const store = new EtcdStore({ endpoints: etcd.endpoints, tls: { ...etcdTls, ca: () => ca } });
    const { url } = await serve({ store });
    const shown = async () => {
      const text = await (await fetch(`${url}/metrics`)).text();
      const line =
        /^cflux_certificate_expiry_timestamp_seconds\{peer="store",option="(\w+)",.*serial="(\w+)"\} (\S+)$/gm;
      return [...text.matchAll(line)].map(([, option, serial, seconds]) => ({
        option,
        serial,
        at: Number(seconds),
      }));
    };
    const expected = (option: string, pem: Buffer) => {
      const { serialNumber, validTo } = new X509Certificate(pem);
      return { option, serial: serialNumber, at: Date.parse(validTo) / 1_000 };
    };
    expect(await shown()).toEqual([expected('cert', etcdTls.cert), expected('ca', etcdTls.ca)]);
    ca = Buffer.concat([etcdTls.ca, otherCa]);
    await expect.poll(shown, soon).toHaveLength(3);
  });
});
