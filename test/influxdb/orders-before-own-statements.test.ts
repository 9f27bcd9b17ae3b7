import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CfluxError, type OrderedItem } from 'clusterflux';
import type { InfluxMirror } from 'clusterflux/influxdb';
import { expect, it } from 'vitest';
import { acceptedChange } from '../../src/gateway/statements/accepted-change.js';
import { describeWithServer } from '../support/servers.js';
import { answeringProxy } from './support/answering-proxy.js';
import { database, metadata, user } from './support/build.js';
import { directory, mirror, names, server } from './support/lab.js';
import { OrderingCluster } from './support/ordering-cluster.js';

const x: OrderedItem = { kind: 'database', database: 'x' };
const eve = user('eve');
const old = user('old');

/** Statements of a user that this server executes while it is behind. */
const statements: Readonly<Record<string, (its: InfluxMirror, version: number) => Promise<unknown>>> = {
  'a login': (its) => its.makeUser({ name: 'eve', hash: eve.hash, password: 'eve' }),
  'a DROP USER': (its, version) =>
    its.carryOut(acceptedChange({ kind: 'dropUser', name: 'old' }, version - 1, undefined)),
};

for (const snapshot of [true, false])
  describeWithServer(
    'influxd',
    `R36: a server that is behind, read by ${snapshot ? 'snapshots' : 'SHOW'}`,
    () => {
      for (const [name, execute] of Object.entries(statements))
        it(`R36: ${name} at its gateway is executed after the orders up to its version were read`, async () => {
          const influxd = await server();
          const proxy = await answeringProxy(influxd.url);
          const dir = await directory();
          const options = { dir, snapshot: snapshot && influxd.snapshot, drops: 'apply' as const };
          const cluster = new OrderingCluster(metadata({ users: [old] }));
          cluster.become(metadata({ databases: [database('kept')], users: [old] }));
          const its = mirror(proxy, options);
          const source = cluster.source();
          // Only this server has it: no order of the cluster is about it.
          await influxd.query('CREATE DATABASE x');
          await influxd.write('x', 'm v=1 1');
          const first = new Promise<void>((resolve) => its.once('report', () => resolve()));
          its.follow(source);
          await first;

          const withX = metadata({ databases: [database('kept'), database('x')], users: [old, eve] });
          cluster.become(withX);
          cluster.become(metadata({ databases: [database('kept')], users: [old, eve] }), x);
          const version = cluster.become(withX);
          source.replaceSilently(withX);
          source.status = { version, epoch: cluster.epoch };
          const { reads } = cluster;
          const readsBefore: number[] = [];
          proxy.respond = (text) => {
            if (/^(CREATE|SET|DROP|GRANT)/.test(text)) readsBefore.push(cluster.reads - reads);
            return undefined;
          };
          await execute(its, version);
          expect(readsBefore.length).toBeGreaterThan(0);
          expect(Math.min(...readsBefore)).toBe(1);
          const { orders } = JSON.parse(await readFile(join(dir, 'influxdb-ledger.json'), 'utf8'));
          if (orders.kept.length > 0) expect(orders.kept).toMatchObject([{ state: 'elsewhere' }]);
          await its.catchUp();
          expect(await names(influxd, 'SELECT v FROM x..m')).toHaveLength(1);
          expect(its.lastReport?.done.map(({ action }) => action.kind)).not.toContain('dropDatabase');
        });
    },
  );

describeWithServer('influxd', 'R36: a server that requires credentials, and has no user', () => {
  it('R36: gets its first administrator only after the manager has listed the orders of its version', async () => {
    const influxd = await server({ auth: true });
    const root = user('root', { admin: true });
    const cluster = new OrderingCluster(metadata({ users: [root] }));
    cluster.become(metadata({ databases: [database('kept')], users: [root] }));
    const its = mirror(influxd, { username: 'root', password: 'root', dir: await directory() });
    let isAway = true;
    cluster.rewrite = (answer) => {
      if (isAway) throw new CfluxError('UNAVAILABLE', 'the manager is away', { retryable: true });
      return answer;
    };
    const failed = new Promise<unknown>((resolve) => its.once('failed', ({ error }) => resolve(error)));
    its.follow(cluster.source());
    expect(await failed).toMatchObject({ code: 'UNAVAILABLE', message: 'the manager is away' });
    const login = { name: 'root', hash: root.hash, password: 'root' };
    await expect(its.found(login)).rejects.toMatchObject({ message: 'the manager is away' });
    const showUsers = () => influxd.query('SHOW USERS', { username: 'root', password: 'root' });
    expect(await showUsers()).toMatchObject({ error: expect.stringContaining('create admin user first') });

    isAway = false;
    await its.found(login);
    await its.catchUp();
    expect((await showUsers()).results?.[0]?.series?.[0]?.values).toEqual([['root', true]]);
    expect(its.lastReport?.done.map(({ action }) => action.kind)).toContain('createDatabase');
  });
});
