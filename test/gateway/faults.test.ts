import { expect, it } from 'vitest';
import { inStep, labManager } from '../influxdb/support/fleet.js';
import { atEnd, names } from '../influxdb/support/lab.js';
import { describeWithServer } from '../support/servers.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { exchange, query } from './support/exchange.js';
import { gatewayNode } from './support/gateway-lab.js';
import { wireTo } from './support/wire.js';

const success = '{"results":[{"statement_id":0}]}\n';

describeWithServer('influxd', 'a gateway among faults', () => {
  it('R30: a server that is killed and started again loses no acknowledged write', async () => {
    const { gateway, influxd } = await gatewayNode((await labManager()).url);
    await exchange(gateway.url, query('CREATE DATABASE x'));
    const acknowledged: number[] = [];
    let isOver = false;
    // Each point has its own time, so that a lost one is missing.
    const writer = (async () => {
      for (let at = 1; !isOver; at += 1) {
        const { status } = await exchange(gateway.url, {
          method: 'POST',
          path: '/write?db=x',
          body: `m v=1 ${at}`,
        });
        expect([204, 503]).toContain(status);
        if (status === 204) acknowledged.push(at);
      }
    })();
    for (let round = 0; round < 2; round += 1) {
      await expect.poll(() => acknowledged.length).toBeGreaterThan(20 * (round + 1));
      await influxd.stop('SIGKILL');
      expect((await exchange(gateway.url, query('CREATE DATABASE y'))).status).toBe(503);
      await influxd.start();
      const before = acknowledged.length;
      await expect.poll(() => acknowledged.length).toBeGreaterThan(before + 5);
    }
    isOver = true;
    await writer;
    const { results } = await influxd.query('SELECT v FROM x..m');
    const stored = new Set(
      results?.[0]?.series?.[0]?.values?.map(([time]) => Date.parse(String(time))) ?? [],
    );
    expect(results?.[0]?.series?.[0]?.values?.length).toBeGreaterThanOrEqual(acknowledged.length);
    expect(stored.size).toBeGreaterThan(0);
    expect((await exchange(gateway.url, query('CREATE DATABASE y'))).body).toBe(success);
  });

  it('R31: a client that goes away within its statement has it executed all the same', async () => {
    const { gateway, influxd } = await gatewayNode((await labManager()).url);
    const wire = await wireTo(gateway.url);
    wire.write('POST /query?q=CREATE+DATABASE+x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n');
    await new Promise<void>((resolve) => gateway.on('wait', () => resolve()));
    wire.socket.destroy();
    await expect.poll(() => names(influxd, 'SHOW DATABASES')).toEqual(['x']);
  });

  it('R31: a gateway that closes within a statement completes it first', async () => {
    const { gateway, influxd } = await gatewayNode((await labManager()).url);
    const statement = exchange(gateway.url, query('CREATE DATABASE x'));
    const waiting = new Promise<string>((resolve) => gateway.on('wait', ({ peer }) => resolve(peer)));
    // A statement that ends without a wait was refused: then its text is the reason.
    expect(['manager', 'server']).toContain(
      await Promise.race([waiting, statement.then(({ body }) => body)]),
    );
    await gateway.close();
    expect((await statement).body).toBe(success);
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['x']);
  });

  it('R31: a manager that dies and comes back has every statement that was acknowledged', async () => {
    const manager = await labManager();
    const proxy = await TcpProxy.start(manager.url);
    atEnd(() => proxy.close());
    const [a, b] = [await gatewayNode(proxy.url), await gatewayNode(manager.url)];
    const acknowledged: string[] = [];
    for (let at = 0; at < 12; at += 1) {
      if (at % 4 === 2) proxy.cut();
      if (at % 4 === 3) proxy.refuse();
      const { body } = await exchange(a.gateway.url, query(`CREATE DATABASE d${at}`));
      if (body === success) acknowledged.push(`d${at}`);
      else expect(body).toMatch(/nothing was changed|outcome is unknown/);
      proxy.heal();
      // The next statement is executed only on a node that is online again.
      await expect.poll(() => a.client.status.state).toBe('online');
    }
    expect(acknowledged.length).toBeGreaterThan(5);
    await a.client.refresh();
    await inStep(b, a.client.status.version);
    expect(await names(b.influxd, 'SHOW DATABASES')).toEqual(expect.arrayContaining(acknowledged));
    expect(await names(a.influxd, 'SHOW DATABASES')).toEqual(expect.arrayContaining(acknowledged));
  });

  it('R31: statements of several gateways at once are all executed, each on its own server when it is acknowledged', async () => {
    const manager = await labManager();
    const [a, b] = [await gatewayNode(manager.url), await gatewayNode(manager.url)];
    await Promise.all(
      [a, b].map(async ({ gateway, influxd }, side) => {
        for (let at = 0; at < 8; at += 1) {
          const name = `s${side}n${at}`;
          expect((await exchange(gateway.url, query(`CREATE DATABASE ${name}`))).body).toBe(success);
          expect(await names(influxd, 'SHOW DATABASES')).toContain(name);
        }
      }),
    );
    const wanted = [0, 1].flatMap((side) => Array.from({ length: 8 }, (_, at) => `s${side}n${at}`)).sort();
    await expect.poll(async () => (await names(a.influxd, 'SHOW DATABASES')).sort()).toEqual(wanted);
    await expect.poll(async () => (await names(b.influxd, 'SHOW DATABASES')).sort()).toEqual(wanted);
  });

  it('R31: half-open connections to server and manager end a statement with what is known, and delay no other client', async () => {
    const manager = await labManager();
    const toManager = await TcpProxy.start(manager.url);
    atEnd(() => toManager.close());
    let toServer: TcpProxy | undefined;
    const a = await gatewayNode(toManager.url, {
      gateway: { managerTimeout: 1_500, statementTimeout: 2_500 },
      mirror: { timeout: 1_000 },
      seenAt: async (url) => {
        toServer = await TcpProxy.start(url);
        return toServer.url;
      },
    });
    const ask = async (text: string) => (await exchange(a.gateway.url, query(text))).body;
    expect(await ask('CREATE DATABASE x')).toBe(success);
    toManager.impose('both', { kind: 'swallow' });
    const [statement, write] = await Promise.all([
      ask('CREATE DATABASE y'),
      exchange(a.gateway.url, { method: 'POST', path: '/write?db=x', body: 'm v=1' }),
    ]);
    expect(statement).toMatch(/outcome is unknown|cannot change the cluster/);
    expect(write.status).toBe(204);
    toManager.heal();
    toManager.cut();
    await expect.poll(() => ask('CREATE DATABASE y'), { timeout: 20_000 }).toBe(success);
    // The dry run passes, then the server is lost without a word.
    a.gateway.on('wait', ({ peer }) => peer === 'manager' && toServer?.impose('both', { kind: 'swallow' }));
    expect(await ask('CREATE DATABASE z')).toMatch(
      /the change was made on the cluster, but is not on this server yet/,
    );
    expect((await a.client.database('z'))?.name).toBe('z');
    await a.gateway.close();
    toServer?.heal();
    toServer?.cut();
    await expect.poll(() => names(a.influxd, 'SHOW DATABASES'), { timeout: 20_000 }).toEqual(['x', 'y', 'z']);
  });

  it('R30: clients that vanish without closing their connections leave the others alone, and are let go at the end', async () => {
    const { gateway, influxd } = await gatewayNode((await labManager()).url);
    const network = await TcpProxy.start(gateway.url);
    atEnd(() => network.close());
    await exchange(gateway.url, query('CREATE DATABASE x'));
    const lost = await Promise.all(Array.from({ length: 20 }, () => wireTo(network.url)));
    for (const wire of lost)
      wire.write('POST /write?db=x HTTP/1.1\r\nHost: h\r\nContent-Length: 16\r\n\r\nm v=1 1\n');
    network.impose('both', { kind: 'swallow' });
    const write = { method: 'POST', path: '/write?db=x', body: 'm v=2 2' };
    expect((await exchange(gateway.url, write)).status).toBe(204);
    expect((await exchange(gateway.url, query('CREATE DATABASE y'))).body).toBe(success);
    network.cut();
    expect(await names(influxd, 'SELECT v FROM x..m')).toHaveLength(1);
  });
});
