import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InfluxMirrorOptions } from 'clusterflux/influxdb';
import { expect, it } from 'vitest';
import { acceptedChange } from '../../src/gateway/statements/accepted-change.js';
import { withChanges } from '../../src/influxdb/ledger/ledger-journal.js';
import { inStep, labManager } from '../influxdb/support/fleet.js';
import { directory, names } from '../influxdb/support/lab.js';
import type { Influxd } from '../support/influxd.js';
import { describeWithServer } from '../support/servers.js';
import { exchange, query } from './support/exchange.js';
import { type GatewayNode, gatewayNode, proxiedNode } from './support/gateway-lab.js';

const ask = async ({ gateway }: Pick<GatewayNode, 'gateway'>, text: string) =>
  (await exchange(gateway.url, query(text))).body;
const success = '{"results":[{"statement_id":0}]}\n';
const both = '{"results":[{"statement_id":0},{"statement_id":1}]}\n';

const drops: Partial<InfluxMirrorOptions> = { drops: 'apply' };
const points = ({ influxd }: GatewayNode, of = 'x..m') =>
  names(influxd, `SELECT v FROM ${of}`).catch(() => 'none');
const orders = async ({ client }: GatewayNode) =>
  ((await client.dropOrders(0))?.orders ?? []).map(({ kind, database }) => `${kind} ${database}`);

/** A node that may drop, and others in step with it, all with the database `x` and a point in it. */
async function fleet(...options: readonly Partial<InfluxMirrorOptions>[]): Promise<GatewayNode[]> {
  const manager = await labManager();
  const nodes: GatewayNode[] = [];
  for (const mirror of options) nodes.push(await gatewayNode(manager.url, { mirror }));
  const [first] = nodes;
  if (first === undefined) throw new Error('no node');
  expect(await ask(first, 'CREATE DATABASE kept; CREATE DATABASE x')).toBe(both);
  await everywhere(nodes);
  for (const { influxd } of nodes) await influxd.write('x', 'm v=1 1');
  return nodes;
}

async function everywhere([first, ...others]: readonly GatewayNode[]): Promise<void> {
  if (first === undefined) return;
  const { version } = first.client.status;
  for (const each of [first, ...others]) await inStep(each, version);
  for (const { mirror } of [first, ...others])
    while ((mirror.lastReport?.version ?? 0) < version)
      await new Promise<void>((resolve) => mirror.once('report', () => resolve()));
}

describeWithServer('influxd', 'R36: a DROP through a gateway', () => {
  it('R36: of a database is carried out by every agent that may drop, also if it is created again at once', async () => {
    const [a, b, c] = (await fleet({}, drops, {})) as [GatewayNode, GatewayNode, GatewayNode];
    expect(await ask(a, 'DROP DATABASE x; CREATE DATABASE x')).toBe(both);
    expect(await points(a)).toEqual([]);
    await a.influxd.write('x', 'm v=2 2');
    expect(await orders(a)).toEqual(['database x']);
    await everywhere([a, b, c]);
    expect(await points(b)).toEqual([]);
    // It only reports drops.
    expect(await points(c)).toHaveLength(1);
    expect(c.mirror.lastReport?.pending).toMatchObject([
      { reason: expect.stringContaining('drops are only reported on this server') },
    ]);
    // The order is over: it touches nothing that was written after it.
    await b.influxd.write('x', 'm v=2 2');
    expect(await ask(a, 'CREATE DATABASE z')).toBe(success);
    await everywhere([a, b, c]);
    expect([await points(a), await points(b)]).toMatchObject([{ length: 1 }, { length: 1 }]);
    expect(await names(b.influxd, 'SHOW DATABASES')).toEqual(['kept', 'x', 'z']);
  });

  it('R36: of a policy is carried out by every agent that may drop, and leaves the rest of the database', async () => {
    const [a, b] = (await fleet(drops, drops)) as [GatewayNode, GatewayNode];
    const policy = 'CREATE RETENTION POLICY p ON x DURATION INF REPLICATION 1';
    await ask(a, policy);
    await everywhere([a, b]);
    for (const { influxd } of [a, b]) await influxd.write('x', 'm v=1 1', 'p');
    expect(await ask(a, `DROP RETENTION POLICY p ON x; ${policy}`)).toBe(both);
    await a.influxd.write('x', 'm v=2 2', 'p');
    await everywhere([a, b]);
    expect(await points(a, 'x.p.m')).toHaveLength(1);
    expect(await points(b, 'x.p.m')).toEqual([]);
    expect(await points(b)).toHaveLength(1);
  });

  it('R36: is noted as begun before the statement, and as done before the response', async () => {
    const manager = await labManager();
    const dir = await directory();
    const a = await proxiedNode(manager.url, { mirror: { dir } });
    const fileOf = (name: string) => readFileSync(join(dir, `influxdb-ledger.${name}`), 'utf8');
    const ledger = () => JSON.parse(withChanges(fileOf('json'), fileOf('journal')));
    const states = () => ledger().orders.kept.map(({ state }: { state: string }) => state);
    const seen: unknown[] = [];
    await ask(a, 'CREATE DATABASE x');
    a.proxy.respond = (text) => {
      if (text === 'DROP DATABASE "x"') seen.push(states());
      if (text.startsWith('CREATE DATABASE "y"')) seen.push(ledger().current.includes('["database","y"]'));
      return undefined;
    };
    expect(await ask(a, 'CREATE DATABASE y')).toBe(success);
    expect(await ask(a, 'DROP DATABASE x')).toBe(success);
    expect(seen).toEqual([true, ['begun']]);
    expect(states()).toEqual(['done']);
  });

  it('R36: after a change of another node is carried out in its place, and once', async () => {
    for (const mine of [drops, {}]) {
      const [a, b] = (await fleet(mine, drops)) as [GatewayNode, GatewayNode];
      const steps: string[] = [];
      a.mirror.on('step', ({ step: { action } }) =>
        steps.push(`${action.kind} ${'database' in action ? action.database : ''}`),
      );
      // The node of a has the change of b, its mirror does not.
      const synced = new Promise<void>((resolve) => a.client.once('synced', () => resolve()));
      await ask(b, 'CREATE DATABASE y');
      await synced;
      expect(await ask(a, 'DROP DATABASE x; CREATE DATABASE x')).toBe(both);
      await a.influxd.write('x', 'm v=2 2');
      await ask(a, 'CREATE DATABASE z');
      await everywhere([a, b]);
      expect(steps.filter((step) => step === 'dropDatabase x')).toHaveLength(1);
      expect(await points(a)).toHaveLength(1);
      expect(await points(b)).toEqual([]);
    }
  });

  it('R36: of what another gateway has just created and its clients have filled is carried out there', async () => {
    const manager = await labManager();
    const mirror = ({ snapshot }: Influxd) => ({ ...drops, snapshot });
    const a = await gatewayNode(manager.url, { mirror });
    const b = await gatewayNode(manager.url, { mirror });
    for (let round = 0; round < 4; round += 1) {
      expect(await ask(a, `CREATE DATABASE x; CREATE DATABASE other${round}`)).toBe(both);
      await a.influxd.write('x', 'm v=1');
      await b.client.refresh();
      expect(await ask(b, 'DROP DATABASE x; CREATE DATABASE x')).toBe(both);
      await everywhere([b, a]);
      expect({ round, points: await points(a), pending: a.mirror.lastReport?.pending }).toEqual({
        round,
        points: [],
        pending: [],
      });
    }
  });

  it('R36: of what only this server has makes no order, and concerns no other server', async () => {
    const [a, b] = (await fleet(drops, drops)) as [GatewayNode, GatewayNode];
    for (const { influxd } of [a, b]) await influxd.query('CREATE DATABASE mine');
    expect(await ask(a, 'DROP DATABASE mine')).toBe(success);
    expect(await names(a.influxd, 'SHOW DATABASES')).toEqual(['kept', 'x']);
    for (const text of [
      'DROP RETENTION POLICY nope ON x',
      'DROP RETENTION POLICY p ON nope',
      'DROP DATABASE nope',
    ])
      expect(await ask(a, text)).toBe(success);
    expect(await orders(a)).toEqual([]);
    expect((await names(b.influxd, 'SHOW DATABASES')).sort()).toEqual(['kept', 'mine', 'x']);
  });

  it('R36: of another caller that was pushed together with a statement is carried out before it', async () => {
    const [a] = (await fleet(drops)) as [GatewayNode];
    const drop = a.client.mutate(async (meta, { orderDrop }) => {
      await meta.dropDatabase('x');
      orderDrop({ kind: 'database', database: 'x' });
    });
    const create = a.client.mutate((meta) => meta.createDatabase('x'));
    await Promise.all([drop, create]);
    const statement = { kind: 'createDatabase', name: 'x' } as const;
    const change = acceptedChange(statement, a.client.status.version, undefined);
    expect(await a.mirror.carryOut(change)).toBeUndefined();
    expect(await points(a)).toEqual([]);
  });
});
