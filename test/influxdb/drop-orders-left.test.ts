import { copyFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeMetadata, type OrderedItem } from 'clusterflux';
import { influxqlOf, type Report } from 'clusterflux/influxdb';
import { expect, it } from 'vitest';
import type { Influxd } from '../support/influxd.js';
import { describeWithServer } from '../support/servers.js';
import { answeringProxy, failed } from './support/answering-proxy.js';
import { database, metadata } from './support/build.js';
import { directory, names, server } from './support/lab.js';
import { OrderingCluster } from './support/ordering-cluster.js';

const x: OrderedItem = { kind: 'database', database: 'x' };
const withX = metadata({ databases: [database('kept'), database('x')] });
const withoutX = metadata({ databases: [database('kept')] });
const more = (...added: string[]) =>
  metadata({ databases: [...withX.databases, ...added.map((name) => database(name))] });

const points = (of: Influxd) => names(of, 'SELECT v FROM x..m').catch(() => []);
/** The statements, without the clauses of a creation. */
const statements = ({ done }: Report) => done.flatMap(({ action }) => influxqlOf(action)).map(short);
const short = (statement: string) => statement.replace(/ WITH DURATION .*/, '');
const reasons = ({ pending }: Report) => pending.map(({ reason }) => reason);
const dropX = 'DROP DATABASE "x"';

/** A server that agreed with a version with `x`, which has a point. */
async function agreed() {
  const influxd = await server();
  const mine = { dir: await directory(), snapshot: influxd.snapshot };
  const cluster = new OrderingCluster(withX);
  cluster.become(withX);
  await cluster.applyTo(influxd, mine);
  await influxd.write('x', 'm v=1 1');
  await cluster.applyTo(influxd, mine);
  return { influxd, cluster, mine };
}

/** The id that permits what `converge` refuses, because the server has lost its metadata. */
async function rebuildId(converge: () => Promise<Report>): Promise<string> {
  const lost = await converge().catch((error: unknown) => String(error));
  const [, rebuild = ''] = /--rebuild ([0-9a-f]+)/.exec(String(lost)) ?? [];
  expect(rebuild).not.toBe('');
  return rebuild;
}

describeWithServer('influxd', 'R36: drop orders that are not carried out', () => {
  it('R36: a refused order is a finding, does not stop the rest, and is never repeated by itself', async () => {
    const { influxd, cluster, mine } = await agreed();
    const proxy = await answeringProxy(influxd.url);
    proxy.respond = (statement) => (statement === dropX ? failed('invalid path for database x') : undefined);
    cluster.become(withoutX, x);
    cluster.become(more('y'));
    const report = await cluster.applyTo(proxy, mine);
    expect(report.version).toBe(cluster.version);
    expect(statements(report)).toEqual(['CREATE DATABASE "y"']);
    expect(reasons(report)).toEqual([expect.stringMatching(/version 2 was not carried out: invalid path/)]);
    expect(report.confirmable).toHaveLength(1);

    proxy.respond = () => undefined;
    cluster.become(more('y', 'z'));
    const later = await cluster.applyTo(proxy, mine);
    expect(statements(later)).toEqual(['CREATE DATABASE "z"']);
    expect(reasons(later)).toHaveLength(1);
    expect(await points(influxd)).toHaveLength(1);
    // As today, once the cluster lacks it.
    cluster.become(withoutX);
    expect(statements(await cluster.applyTo(proxy, { ...mine, maxDrops: 9 }))).toContain(dropX);
  });

  it('R36: an order for a name that InfluxQL cannot express is a finding, and the rest goes on', async () => {
    const odd = 'a\rb';
    const withOdd = metadata({ databases: [database('kept'), database(odd)] });
    const influxd = await server({ metadata: encodeMetadata(withOdd) });
    const mine = { dir: await directory(), snapshot: influxd.snapshot };
    const cluster = new OrderingCluster(withOdd);
    cluster.become(withOdd);
    await cluster.applyTo(influxd, mine);
    cluster.become(withoutX, { kind: 'database', database: odd });
    cluster.become(metadata({ databases: [...withOdd.databases, database('y')] }));
    const report = await cluster.applyTo(influxd, mine);
    expect(statements(report)).toEqual(['CREATE DATABASE "y"']);
    expect(reasons(report)).toEqual([expect.stringContaining('InfluxQL cannot express a carriage return')]);
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['kept', odd, 'y']);
  });

  it('R36: orders from before a loss of metadata do not bind the server that --rebuild filled again', async () => {
    const { influxd, cluster, mine } = await agreed();
    await influxd.stop();
    await rename(join(influxd.dir, 'meta', 'meta.db'), join(influxd.dir, 'lost.db'));
    await influxd.start();
    cluster.become(withoutX, x);
    cluster.become(withX);
    const rebuild = await rebuildId(() => cluster.applyTo(influxd, mine));
    expect(await names(influxd, 'SHOW DATABASES')).toEqual([]);
    const rebuilt = await cluster.applyTo(influxd, { ...mine, rebuild });
    expect(statements(rebuilt)).toEqual(['CREATE DATABASE "kept"', 'CREATE DATABASE "x"']);
    expect(reasons(rebuilt)).toEqual([]);
    await influxd.write('x', 'm v=2 2');
    // Later ones do.
    await cluster.applyTo(influxd, mine);
    cluster.become(withoutX, x);
    cluster.become(withX);
    expect(statements(await cluster.applyTo(influxd, mine))[0]).toBe(dropX);
    expect(await points(influxd)).toEqual([]);
  });

  it('R36: nor the one that got an older meta.db back', async () => {
    const { influxd, cluster, mine } = await agreed();
    const file = join(influxd.dir, 'meta', 'meta.db');
    const older = join(influxd.dir, 'older.db');
    await copyFile(file, older);
    cluster.become(more('since'));
    await cluster.applyTo(influxd, mine);
    await influxd.stop();
    await copyFile(older, file);
    await influxd.start();
    cluster.become(withoutX, x);
    cluster.become(withX);
    const rebuild = await rebuildId(() => cluster.applyTo(influxd, mine));
    await cluster.applyTo(influxd, { ...mine, rebuild });
    expect(await points(influxd)).toHaveLength(1);
  });

  it('R36: an order does not bind another server at the same URL, nor a history that went back', async () => {
    const { influxd, cluster, mine } = await agreed();
    const other = await server({ metadata: encodeMetadata({ ...withX, clusterId: 99n }) });
    await other.write('x', 'm v=1 1');
    cluster.become(withoutX, x);
    const report = await cluster.applyTo(other, { ...mine, snapshot: other.snapshot });
    expect(report.done).toEqual([]);
    expect(reasons(report).join()).toContain('is not for this server');
    expect(await points(other)).toHaveLength(1);

    // A restored store of the manager uses versions again: the same version, by another mutation.
    const dir = await directory();
    const restored = new OrderingCluster(withX);
    for (let version = 1; version <= 3; version++) restored.become(withX);
    await restored.applyTo(influxd, { ...mine, dir });
    restored.version = 1;
    restored.become(withoutX, x);
    const back = await restored.applyTo(influxd, { ...mine, dir });
    expect(back.done).toEqual([]);
    expect(await points(influxd)).toHaveLength(1);
  });

  it('R36: orders of several versions are carried out in their order, each once, before the newest is applied', async () => {
    const { influxd, cluster, mine } = await agreed();
    const proxy = await answeringProxy(influxd.url);
    const kept: OrderedItem = { kind: 'database', database: 'kept' };
    cluster.become(withoutX, x);
    cluster.become(withX);
    cluster.become(metadata({ databases: [database('x')] }), kept, x);
    cluster.become(withX);
    await cluster.applyTo(proxy, { ...mine, maxDrops: 0 });
    const changes = proxy.statements.filter((each) => /^(DROP|CREATE) DATABASE/.test(each)).map(short);
    // The second order of `x` finds it gone.
    expect(changes).toEqual([dropX, 'DROP DATABASE "kept"', 'CREATE DATABASE "kept"', 'CREATE DATABASE "x"']);
  });
});
