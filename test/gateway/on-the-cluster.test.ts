import { expect, it } from 'vitest';
import { type AnsweringProxy, answeringProxy } from '../influxdb/support/answering-proxy.js';
import { inStep, labManager } from '../influxdb/support/fleet.js';
import { atEnd, names } from '../influxdb/support/lab.js';
import { describeWithServer } from '../support/servers.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { exchange, query } from './support/exchange.js';
import { type GatewayNode, gatewayNode } from './support/gateway-lab.js';

const ask = async ({ gateway }: Pick<GatewayNode, 'gateway'>, text: string, more = {}) =>
  (await exchange(gateway.url, query(text, more))).body;
const success = '{"results":[{"statement_id":0}]}\n';

async function proxyBefore(url: string): Promise<TcpProxy> {
  const proxy = await TcpProxy.start(url);
  atEnd(() => proxy.close());
  return proxy;
}

describeWithServer('influxd', 'R31: a statement for the cluster', () => {
  it('that succeeds is accepted by the manager, on this server, and soon on every other one', async () => {
    const manager = await labManager();
    const [a, b] = [await gatewayNode(manager.url), await gatewayNode(manager.url)];
    for (const text of [
      'CREATE DATABASE x',
      'CREATE RETENTION POLICY p ON x DURATION 2d REPLICATION 1',
      'ALTER RETENTION POLICY p ON x DURATION 3d SHARD DURATION 2h DEFAULT',
      'CREATE CONTINUOUS QUERY c ON x BEGIN SELECT mean(v) INTO m FROM n GROUP BY time(1m) END',
      `CREATE SUBSCRIPTION s ON x.p DESTINATIONS ANY 'udp://127.0.0.1:9'`,
      `CREATE USER u WITH PASSWORD 'u'`,
      'GRANT WRITE ON x TO u',
      'GRANT ALL PRIVILEGES TO u',
    ]) {
      expect(await ask(a, text)).toBe(success);
      const plan = await a.mirror.plan(await a.client.data(), {
        version: a.client.status.version,
        epoch: a.client.status.epoch ?? '',
      });
      expect({ text, steps: plan.steps, refused: plan.refused, pending: plan.pending }).toEqual({
        text,
        steps: [],
        refused: [],
        pending: [],
      });
    }
    await inStep(b, a.client.status.version);
    for (const text of [
      'SHOW RETENTION POLICIES ON x',
      'SHOW CONTINUOUS QUERIES',
      'SHOW SUBSCRIPTIONS',
      'SHOW USERS',
      'SHOW GRANTS FOR u',
    ]) {
      expect(await b.influxd.query(text)).toEqual(await a.influxd.query(text));
    }
    for (const text of [
      'REVOKE WRITE ON x FROM u',
      'REVOKE ALL PRIVILEGES FROM u',
      `SET PASSWORD FOR u = 'other'`,
      'DROP SUBSCRIPTION s ON x.p',
      'DROP CONTINUOUS QUERY c ON x',
      'DROP RETENTION POLICY autogen ON x',
      'DROP USER u',
      'DROP DATABASE x',
    ]) {
      expect({ text, body: await ask(a, text) }).toEqual({ text, body: success });
    }
    expect(await names(a.influxd, 'SHOW DATABASES')).toEqual([]);
    expect(await names(a.influxd, 'SHOW USERS')).toEqual([]);
  });

  it('is made on the server alone, and the server is read for nothing else before the response', async () => {
    const manager = await labManager();
    const node = await gatewayNode(manager.url);
    const steps: string[] = [];
    node.mirror.on('step', ({ step }) => steps.push(`${step.action.kind}: ${step.reason}`));
    const reports: unknown[] = [];
    node.mirror.on('report', (report) => reports.push(report));
    expect(await ask(node, 'CREATE DATABASE x')).toBe(success);
    expect({ steps, reports }).toEqual({
      steps: ['createDatabase: a statement at the gateway'],
      reports: [],
    });
    expect(await ask(node, 'CREATE DATABASE y; CREATE DATABASE z')).toBe(
      '{"results":[{"statement_id":0},{"statement_id":1}]}\n',
    );
    expect(steps).toHaveLength(3);
  });

  it('among statements for the server runs in its place, and the first failure ends the request', async () => {
    const manager = await labManager();
    const node = await gatewayNode(manager.url);
    await ask(node, 'CREATE DATABASE x');
    await node.influxd.write('x', 'm v=1 1\nm v=2 2');
    const selected = (id: number) =>
      `{"statement_id":${id},"series":[{"name":"m","columns":["time","count"],"values":[["1970-01-01T00:00:00Z",2]]}]}`;
    expect(
      await ask(node, 'SELECT count(v) FROM m; CREATE DATABASE y; SELECT count(v) FROM m; SHOW USERS', {
        db: 'x',
      }),
    ).toBe(
      `{"results":[${selected(0)},{"statement_id":1},${selected(2)},{"statement_id":3,"series":[{"columns":["user","admin"]}]}]}\n`,
    );
    expect(await ask(node, 'CREATE DATABASE z; SELECT v FROM nowhere..m; DROP DATABASE y', { db: 'x' })).toBe(
      '{"results":[{"statement_id":0},{"statement_id":1,"error":"not executed"}]}\n',
    );
    expect(await names(node.influxd, 'SHOW DATABASES')).toEqual(['x', 'y', 'z']);
  });

  it('that drops what only this server has is run here, with the response of the server', async () => {
    const manager = await labManager();
    const [a, b] = [await gatewayNode(manager.url), await gatewayNode(manager.url)];
    for (const text of ['CREATE DATABASE mine', `CREATE USER mine WITH PASSWORD 'p'`]) {
      await a.influxd.query(text);
      await b.influxd.query(text);
    }
    const { version } = a.client.status;
    expect(await ask(a, 'DROP DATABASE mine')).toBe(success);
    expect(await ask(a, 'DROP USER mine')).toBe(success);
    expect(await ask(a, 'DROP USER mine')).toBe(
      '{"results":[{"statement_id":0,"error":"user not found"}]}\n',
    );
    expect(await ask(a, 'DROP SUBSCRIPTION s ON mine.autogen')).toBe(
      '{"results":[{"statement_id":0,"error":"database not found: mine"}]}\n',
    );
    expect(await names(a.influxd, 'SHOW DATABASES')).toEqual([]);
    expect(await names(b.influxd, 'SHOW DATABASES')).toEqual(['mine']);
    expect(a.client.status.version).toBe(version);
  });

  it('drops on this server at once, although other drops are only reported there', async () => {
    const manager = await labManager();
    const [a, b] = [await gatewayNode(manager.url), await gatewayNode(manager.url)];
    await ask(a, 'CREATE DATABASE x; CREATE DATABASE y');
    await inStep(b, a.client.status.version);
    await b.influxd.write('x', 'm v=1');
    expect(await ask(b, 'DROP DATABASE x')).toBe(success);
    expect(await names(b.influxd, 'SHOW DATABASES')).toEqual(['y']);
    // Another node's drop, which this agent may not make.
    expect(await ask(a, 'DROP DATABASE y')).toBe(success);
    await b.client.waitForVersion(a.client.status.version);
    expect(await ask(b, 'CREATE DATABASE z')).toBe(success);
    expect(await names(b.influxd, 'SHOW DATABASES')).toEqual(['y', 'z']);
  });

  it('creates an empty database where it drops and creates one, also if another node creates it again', async () => {
    const manager = await labManager();
    const [a, b] = [await gatewayNode(manager.url), await gatewayNode(manager.url)];
    await ask(a, 'CREATE DATABASE x');
    await inStep(b, a.client.status.version);
    await a.influxd.write('x', 'm v=1');
    expect(await ask(a, 'DROP DATABASE x; CREATE DATABASE x')).toBe(
      '{"results":[{"statement_id":0},{"statement_id":1}]}\n',
    );
    expect(await names(a.influxd, 'SHOW MEASUREMENTS ON x')).toEqual([]);
  });

  it('shows users and grants of the cluster, also those that this server lacks', async () => {
    const manager = await labManager();
    const [a, b] = [
      await gatewayNode(manager.url),
      await gatewayNode(manager.url, { mirror: { passwords: () => undefined } }),
    ];
    await ask(a, `CREATE USER u WITH PASSWORD 'x'; CREATE DATABASE d; GRANT READ ON d TO u`);
    await b.client.waitForVersion(a.client.status.version);
    expect(await ask(b, 'SHOW USERS')).toBe(
      '{"results":[{"statement_id":0,"series":[{"columns":["user","admin"],"values":[["u",false]]}]}]}\n',
    );
    expect(await ask(b, 'SHOW GRANTS FOR u')).toContain('[["d","READ"]]');
    expect(await ask(b, 'SHOW GRANTS FOR nobody')).toBe(
      '{"results":[{"statement_id":0,"error":"user not found"}]}\n',
    );
    expect(await names(b.influxd, 'SHOW USERS')).toEqual([]);
    // A change of a user that is missing here cannot be made here, and says so.
    expect(await ask(b, 'GRANT WRITE ON d TO u')).toMatch(
      /made on the cluster, but is not on this server yet: user not found/,
    );
  });

  it('keeps the passwords that it sets in step: the next convergence neither changes nor doubts them', async () => {
    const manager = await labManager();
    const a = await gatewayNode(manager.url, { mirror: { passwords: () => undefined } });
    await ask(a, `CREATE USER u WITH PASSWORD 'one'`);
    await ask(a, `SET PASSWORD FOR u = 'two'`);
    const { version, epoch = '' } = a.client.status;
    const plan = await a.mirror.plan(await a.client.data(), { version, epoch });
    expect(plan).toMatchObject({ steps: [], pending: [], refused: [], unverified: [] });
  });

  it('is not for the cluster if it concerns _internal, or a subscription that is local to each server', async () => {
    const manager = await labManager();
    const node = await gatewayNode(manager.url);
    await ask(node, 'CREATE DATABASE x');
    const { version } = node.client.status;
    for (const text of [
      'CREATE DATABASE _internal',
      'CREATE RETENTION POLICY p ON _internal DURATION 2d REPLICATION 1',
      `CREATE SUBSCRIPTION "kapacitor-1" ON x.autogen DESTINATIONS ANY 'http://h:1'`,
    ]) {
      expect(await ask(node, text)).toBe(success);
    }
    expect(node.client.status.version).toBe(version);
    expect(await names(node.influxd, 'SHOW SUBSCRIPTIONS')).toEqual(['autogen']);
  });
});

describeWithServer('influxd', 'R31: a statement for the cluster that fails', () => {
  it('without a manager changes nothing, and writes and queries go on', async () => {
    const manager = await labManager();
    const proxy = await proxyBefore(manager.url);
    const node = await gatewayNode(proxy.url, { gateway: { managerTimeout: 1_500 } });
    await ask(node, 'CREATE DATABASE x');
    await proxy.close();
    const response = await exchange(node.gateway.url, query('CREATE DATABASE y; CREATE DATABASE z'));
    expect(response.status).toBe(200);
    expect(response.body).toMatch(
      /^\{"results":\[\{"statement_id":0,"error":"cannot change the cluster: .*nothing was changed/,
    );
    expect(response.body).not.toContain('statement_id":1');
    expect(await names(node.influxd, 'SHOW DATABASES')).toEqual(['x']);
    expect(
      (await exchange(node.gateway.url, { method: 'POST', path: '/write?db=x', body: 'm v=1' })).status,
    ).toBe(204);
    expect(await ask(node, 'SELECT v FROM m', { db: 'x' })).toContain('"values"');
    expect(
      (await exchange(node.gateway.url, { method: 'POST', path: '/write?db=y', body: 'm v=1' })).status,
    ).toBe(404);
  });

  it('says that its outcome is unknown if the manager was asked and does not respond', async () => {
    const manager = await labManager();
    const proxy = await proxyBefore(manager.url);
    const node = await gatewayNode(proxy.url, { gateway: { managerTimeout: 300 } });
    proxy.impose('toClient', { kind: 'swallow' });
    expect(await ask(node, 'CREATE DATABASE x')).toMatch(/"error":"the outcome is unknown: /);
  });

  it('says that the change was made if only the server is too slow, and the mirror brings it later', async () => {
    const manager = await labManager();
    let slow: AnsweringProxy | undefined;
    const node = await gatewayNode(manager.url, {
      gateway: { statementTimeout: 500 },
      mirror: { timeout: 1_000 },
      seenAt: async (url) => {
        slow = await answeringProxy(url);
        return slow.url;
      },
    });
    if (slow === undefined) throw new Error('no proxy');
    slow.respond = (text) => (text.startsWith('CREATE DATABASE "x"') ? 'silence' : undefined);
    expect(await ask(node, 'CREATE DATABASE x')).toMatch(
      /the change was made on the cluster, but is not on this server yet: the server did not respond within 500 ms/,
    );
    expect((await node.client.database('x'))?.name).toBe('x');
    slow.respond = () => undefined;
    await expect.poll(() => names(node.influxd, 'SHOW DATABASES')).toEqual(['x']);
  });
});

describeWithServer('influxd', 'a database that was created through another gateway', () => {
  it('is there for a write, a query and the other endpoints that name it', async () => {
    const manager = await labManager();
    const [a, b] = [await gatewayNode(manager.url), await gatewayNode(manager.url)];
    for (let round = 0; round < 5; round += 1) {
      await ask(a, `CREATE DATABASE w${round}; CREATE DATABASE q${round}`);
      const write = await exchange(b.gateway.url, {
        method: 'POST',
        path: `/write?db=w${round}`,
        body: 'm v=1',
      });
      expect({ round, status: write.status, body: write.body }).toEqual({ round, status: 204, body: '' });
      expect(await ask(b, 'SHOW MEASUREMENTS', { db: `q${round}` })).toBe(success);
    }
  });
});
