import { setTimeout as wait } from 'node:timers/promises';
import { EtcdStore } from 'clusterflux/manager';
import { storeContract } from 'clusterflux/testing';
import { afterAll, beforeAll, it } from 'vitest';
import { systemClock } from '../../src/clock.js';
import { type EtcdCluster, startEtcd } from '../support/etcd.js';
import { describeWithServer } from '../support/servers.js';

describeWithServer('etcd', 'EtcdStore', () => {
  let etcd: EtcdCluster;
  let places = 0;

  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd.close());

  const place = () => {
    const prefix = `/place-${places++}/`;
    return { connect: () => new EtcdStore({ endpoints: etcd.endpoints, prefix }) };
  };
  const subject = { place, clock: systemClock, nodeTtl: 2_000, pass: (ms: number) => wait(ms) };
  for (const { name, run } of storeContract(subject)) it(name, run);
});
