import { expect, it } from 'vitest';
import type { AnsweringProxy } from '../influxdb/support/answering-proxy.js';
import { labManager } from '../influxdb/support/fleet.js';
import { atEnd, names } from '../influxdb/support/lab.js';
import { describeWithServer } from '../support/servers.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { exchange, query } from './support/exchange.js';
import { type GatewayNode, gatewayNode, proxiedNode } from './support/gateway-lab.js';

const ask = async ({ gateway }: Pick<GatewayNode, 'gateway'>, text: string) =>
  (await exchange(gateway.url, query(text))).body;
const success = '{"results":[{"statement_id":0}]}\n';
const databases = ({ influxd }: GatewayNode) => names(influxd, 'SHOW DATABASES');
const orders = async ({ client }: GatewayNode) =>
  ((await client.dropOrders(0))?.orders ?? []).map(({ database }) => database);

const event = (of: { once(name: never, listener: () => void): unknown }, name: string) =>
  new Promise<void>((resolve) => of.once(name as never, () => resolve()));

/** Holds the next reading of a mirror, so that every change of its server waits. */
function held(proxy: AnsweringProxy): { readonly begun: Promise<void>; release(): void } {
  let release = () => {};
  const free = new Promise<void>((resolve) => {
    release = resolve;
  });
  const begun = new Promise<void>((resolve) => {
    proxy.respond = async (text) => {
      if (!text.startsWith('SHOW') || text.startsWith('SHOW TAG KEY')) return undefined;
      resolve();
      await free;
      return undefined;
    };
  });
  return { begun, release };
}

/** Sends `text` to the gateway of `a`, and lets `meanwhile` happen after the manager's acceptance and before the server's turn. */
async function overtaken(
  a: GatewayNode & { readonly proxy: AnsweringProxy },
  text: string,
  meanwhile: () => Promise<unknown>,
): Promise<string> {
  const reading = held(a.proxy);
  a.mirror.doubt();
  await reading.begun;
  const accepted = new Promise<void>((resolve) =>
    a.gateway.on('wait', ({ peer }) => peer === 'manager' && resolve()),
  );
  const response = ask(a, text);
  await accepted;
  const synced = event(a.client, 'synced');
  await meanwhile();
  await synced;
  reading.release();
  return response;
}

async function pair() {
  const manager = await labManager();
  const a = await proxiedNode(manager.url, { mirror: { drops: 'apply' } });
  const b = await gatewayNode(manager.url, { mirror: { drops: 'apply' } });
  expect(await ask(a, 'CREATE DATABASE x')).toBe(success);
  await a.influxd.write('x', 'm v=1 1');
  await b.client.waitForVersion(a.client.status.version);
  return { a, b };
}

describeWithServer('influxd', 'R31: a statement for the cluster that others overtake', () => {
  it('R31: finds its server with an older version, because another node was first: it brings both', async () => {
    const { a, b } = await pair();
    const synced = event(a.client, 'synced');
    await ask(b, 'CREATE DATABASE y');
    await synced;
    expect(await ask(a, 'CREATE DATABASE z')).toBe(success);
    expect(await databases(a)).toEqual(['x', 'y', 'z']);
  });

  it('R31: finds its node with a newer version, which another node made meanwhile: it brings both', async () => {
    const { a, b } = await pair();
    expect(await overtaken(a, 'CREATE DATABASE z', () => ask(b, 'CREATE DATABASE y'))).toBe(success);
    expect((await databases(a)).sort()).toEqual(['x', 'y', 'z']);
  });

  it('R36: drops, and another node creates the item again meanwhile: it is new and empty', async () => {
    const { a, b } = await pair();
    expect(await overtaken(a, 'DROP DATABASE x', () => ask(b, 'CREATE DATABASE x'))).toBe(success);
    expect(await names(a.influxd, 'SHOW MEASUREMENTS ON x')).toEqual([]);
    expect(await databases(a)).toEqual(['x']);
  });

  it('R31: creates, and another node drops the item meanwhile: the newest metadata decides', async () => {
    const { a, b } = await pair();
    expect(await overtaken(a, 'CREATE DATABASE z', () => ask(b, 'DROP DATABASE z'))).toBe(success);
    await expect.poll(() => databases(a)).toEqual(['x']);
  });

  it('R31, R36: drops what only its server has, and another node creates it meanwhile: it is dropped on both', async () => {
    const { a, b } = await pair();
    await a.influxd.query('CREATE DATABASE mine');
    expect(await overtaken(a, 'DROP DATABASE mine', () => ask(b, 'CREATE DATABASE mine'))).toBe(success);
    expect(await databases(a)).toEqual(['x']);
    expect(await orders(a)).toEqual(['mine']);
    await expect.poll(() => databases(b)).toEqual(['x']);
  });
});

describeWithServer(
  'influxd',
  'R31: a statement for the cluster whose server changes after its dry run',
  () => {
    it('R31: is refused by the server: the change was made, is not here yet, and the mirror repairs it', async () => {
      const { a } = await pair();
      a.proxy.respond = async (text) => {
        if (text.startsWith('CREATE DATABASE "z"')) {
          a.proxy.respond = () => undefined;
          await a.influxd.query('CREATE DATABASE z WITH DURATION 1d');
        }
        return undefined;
      };
      expect(await ask(a, 'CREATE DATABASE z')).toMatch(
        /made on the cluster, but is not on this server yet: retention policy conflicts with an existing policy; do not/,
      );
      await expect
        .poll(
          async () =>
            (await a.influxd.query('SHOW RETENTION POLICIES ON z')).results?.[0]?.series?.[0]?.values,
        )
        .toMatchObject([['autogen', '0s', '168h0m0s', 1, true]]);
    });

    it('R31: is refused by the cluster, which changed meanwhile, with the text of InfluxDB', async () => {
      const { a, b } = await pair();
      a.proxy.respond = async (text) => {
        if (!text.startsWith('SHOW TAG KEY')) return undefined;
        a.proxy.respond = () => undefined;
        await ask(b, 'DROP DATABASE x');
        return undefined;
      };
      expect(await ask(a, 'CREATE RETENTION POLICY p ON x DURATION 1d REPLICATION 1')).toBe(
        '{"results":[{"statement_id":0,"error":"database not found: x"}]}\n',
      );
    });

    it('R31: succeeds if someone made the same change on the server', async () => {
      const { a } = await pair();
      a.proxy.respond = async (text) => {
        if (text.startsWith('CREATE DATABASE "z"')) await a.influxd.query('CREATE DATABASE z');
        return undefined;
      };
      expect(await ask(a, 'CREATE DATABASE z')).toBe(success);
    });
  },
);

describeWithServer('influxd', 'R31: several statements for the cluster', () => {
  it('R31: end with the first that the manager does not accept: those before it are made, those after it are not', async () => {
    const manager = await labManager();
    const proxy = await TcpProxy.start(manager.url);
    atEnd(() => proxy.close());
    const a = await gatewayNode(proxy.url, { gateway: { managerTimeout: 1_500 } });
    a.gateway.on('statement', () => void proxy.close());
    expect(await ask(a, 'CREATE DATABASE one; CREATE DATABASE two; CREATE DATABASE three')).toMatch(
      /^\{"results":\[\{"statement_id":0\},\{"statement_id":1,"error":"(cannot change the cluster|the outcome is unknown): [^"]*"\}\]\}\n$/,
    );
    expect(await databases(a)).toEqual(['one']);
    expect((await a.client.databases()).map(({ name }) => name)).toEqual(['one']);
  });

  it('R31: whose outcome is unknown come by the mirror if the manager accepted them', async () => {
    const manager = await labManager();
    const proxy = await TcpProxy.start(manager.url);
    atEnd(() => proxy.close());
    const a = await gatewayNode(proxy.url, {
      gateway: { managerTimeout: 1_500 },
      mirror: { drops: 'apply' },
    });
    await ask(a, 'CREATE DATABASE x; CREATE DATABASE kept');
    await a.influxd.write('x', 'm v=1 1');
    await a.client.refresh();
    proxy.impose('toClient', { kind: 'swallow' });
    expect(await ask(a, 'DROP DATABASE x; CREATE DATABASE y')).toMatch(
      /^\{"results":\[\{"statement_id":0,"error":"the outcome is unknown: [^"]*look before you retry"\}\]\}\n$/,
    );
    proxy.heal();
    proxy.cut();
    await expect.poll(() => databases(a), { timeout: 20_000 }).toEqual(['kept']);
    expect(await orders(a)).toEqual(['x']);
  });
});
