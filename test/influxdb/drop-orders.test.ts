import { CfluxError, type OrderedItem } from 'clusterflux';
import { influxqlOf, type Report } from 'clusterflux/influxdb';
import { expect, it } from 'vitest';
import type { Influxd } from '../support/influxd.js';
import { describeWithServer } from '../support/servers.js';
import { database, hour, metadata, policy, subscription } from './support/build.js';
import { cuttingProxy } from './support/cutting-proxy.js';
import { directory, names, server } from './support/lab.js';
import { OrderingCluster } from './support/ordering-cluster.js';

const x: OrderedItem = { kind: 'database', database: 'x' };
const p: OrderedItem = { kind: 'retentionPolicy', database: 'x', policy: 'p' };

const withX = metadata({ databases: [database('kept'), database('x')] });
const withoutX = metadata({ databases: [database('kept')] });
const withP = metadata({
  databases: [database('x', [policy('autogen'), policy('p', { duration: hour * 48n })])],
});
const withoutP = metadata({ databases: [database('x')] });

const points = (of: Influxd, name = 'x') => names(of, `SELECT v FROM "${name}".."m"`).catch(() => []);
const statements = ({ done }: Report) => done.flatMap(({ action }) => influxqlOf(action));
const reasons = ({ pending }: Report) => pending.map(({ reason }) => reason);
const dropX = 'DROP DATABASE "x"';

/** A server that agreed with a version with `x`, which has a point. */
async function away(options: { readonly snapshot?: false } = {}) {
  const influxd = await server();
  const dir = await directory();
  const mine = { dir, snapshot: options.snapshot ?? influxd.snapshot };
  const cluster = new OrderingCluster(withX);
  cluster.become(withX);
  await cluster.applyTo(influxd, mine);
  await influxd.write('x', 'm v=1 1');
  await influxd.write('kept', 'm v=1 1');
  await cluster.applyTo(influxd, mine);
  return { influxd, cluster, mine };
}

for (const snapshot of [undefined, false] as const) {
  const how = snapshot === undefined ? 'read by the snapshot port' : 'read by SHOW';
  describeWithServer('influxd', `R36: drop orders at a server ${how}`, () => {
    const options = snapshot === undefined ? {} : { snapshot };

    it('R36: DROP and CREATE while the agent was away drop the points, once', async () => {
      const { influxd, cluster, mine } = await away(options);
      cluster.become(withoutX, x);
      cluster.become(withX);
      const report = await cluster.applyTo(influxd, { ...mine, maxDrops: 0 });
      expect(statements(report)[0]).toBe(dropX);
      expect(report).toMatchObject({ pending: [], refused: [], unmanaged: [] });
      expect(await points(influxd)).toEqual([]);
      expect(await points(influxd, 'kept')).toHaveLength(1);
      await influxd.write('x', 'm v=2 2');
      cluster.become(metadata({ databases: [...withX.databases, database('y')] }));
      expect(statements(await cluster.applyTo(influxd, mine))).not.toContain(dropX);
      expect(await points(influxd)).toHaveLength(1);
    });

    it('R36: orders of policies leave the rest of the database alone', async () => {
      const influxd = await server();
      const mine = { dir: await directory(), snapshot: snapshot ?? influxd.snapshot };
      const cluster = new OrderingCluster(withP);
      cluster.become(withP);
      await cluster.applyTo(influxd, mine);
      const now = `${Date.now()}000000`;
      await influxd.write('x', `m v=1 ${now}`, 'p');
      await influxd.write('x', 'm v=1 1');
      await cluster.applyTo(influxd, mine);
      cluster.become(withoutP, p);
      cluster.become(withP);
      await cluster.applyTo(influxd, { ...mine, maxDrops: 0 });
      expect(await names(influxd, 'SELECT v FROM x.p.m')).toEqual([]);
      expect(await points(influxd)).toHaveLength(1);
    });

    it('R36: an item that was created again by hand is reported, and not dropped', async () => {
      const { influxd, cluster, mine } = await away(options);
      await influxd.query(dropX);
      await influxd.query('CREATE DATABASE "x"');
      await influxd.write('x', 'm v=2 2');
      cluster.become(withoutX, x);
      const report = await cluster.applyTo(influxd, mine);
      expect(report.done).toEqual([]);
      expect(reasons(report)).toEqual([expect.stringContaining('created again')]);
      cluster.become(withoutX);
      expect(reasons(await cluster.applyTo(influxd, mine))).toHaveLength(1);
      expect(await points(influxd)).toHaveLength(1);
    });

    it('R36: a first convergence, a lost ledger and another epoch carry out nothing, and report it', async () => {
      const { influxd, cluster, mine } = await away(options);
      cluster.become(withoutX, x);
      const lost = await cluster.applyTo(influxd, { ...mine, dir: await directory() });
      expect(lost.done).toEqual([]);
      expect(reasons(lost)).toEqual([expect.stringContaining('is not for this server')]);
      cluster.epoch = 'two';
      const other = await cluster.applyTo(influxd, mine);
      expect(other.done).toEqual([]);
      expect(reasons(other)).toEqual(
        expect.arrayContaining([expect.stringContaining('is not for this server')]),
      );
      expect(await points(influxd)).toHaveLength(1);
    });
  });
}

describeWithServer('influxd', 'R36: drop orders at a server', () => {
  it('R36: the first points of a database, just written, do not hold its order back', async () => {
    const influxd = await server();
    const mine = { dir: await directory(), snapshot: influxd.snapshot };
    const cluster = new OrderingCluster(withX);
    cluster.become(withX);
    await cluster.applyTo(influxd, mine);
    await influxd.write('x', 'm v=1 1');
    cluster.become(withoutX, x);
    cluster.become(withX);
    expect(statements(await cluster.applyTo(influxd, mine))[0]).toBe(dropX);
    expect(await points(influxd)).toEqual([]);
  });

  it('R36: an item that was never the cluster’s is reported, and stays, also with a database of its name', async () => {
    const influxd = await server();
    const mine = { dir: await directory(), snapshot: influxd.snapshot };
    const cluster = new OrderingCluster(withoutX);
    cluster.become(withoutX);
    await influxd.query('CREATE DATABASE "x"');
    await influxd.write('x', 'm v=1 1');
    await cluster.applyTo(influxd, mine);
    cluster.become(withX);
    cluster.become(withoutX, x);
    const report = await cluster.applyTo(influxd, mine);
    expect(report.done).toEqual([]);
    expect(reasons(report)).toEqual([expect.stringContaining("it was not the cluster's on this server")]);
    expect(await points(influxd)).toHaveLength(1);
  });

  it('R36: --max-drops, the rename guard and local subscriptions do not hold an order back', async () => {
    const influxd = await server();
    const mine = { dir: await directory(), snapshot: influxd.snapshot };
    const cluster = new OrderingCluster(withP);
    cluster.become(withP);
    await cluster.applyTo(influxd, mine);
    await influxd.query(`CREATE SUBSCRIPTION "kapacitor-1" ON "x"."p" DESTINATIONS ALL 'udp://127.0.0.1:9'`);
    const renamed = metadata({ databases: [database('x', [policy('autogen'), policy('q')])] });
    cluster.become(renamed, p);
    const report = await cluster.applyTo(influxd, { ...mine, maxDrops: 0 });
    expect(statements(report)).toContain('DROP RETENTION POLICY "p" ON "x"');
    expect(report.pending).toEqual([]);
    // Held for a rename in an earlier version, and ordered later.
    cluster.become(metadata({ databases: [database('x', [policy('autogen'), policy('r')])] }));
    expect(reasons(await cluster.applyTo(influxd, mine))).toEqual([expect.stringContaining('renamed')]);
    cluster.become(cluster.data, { kind: 'retentionPolicy', database: 'x', policy: 'q' });
    expect(statements(await cluster.applyTo(influxd, mine))).toEqual(['DROP RETENTION POLICY "q" ON "x"']);
  });

  it('R36: unmanaged contents make an order a finding, and only a confirmation drops it once the cluster has it', async () => {
    const { influxd, cluster, mine } = await away();
    await influxd.query('CREATE RETENTION POLICY "own" ON "x" DURATION INF REPLICATION 1');
    cluster.become(withoutX, x);
    const others = [...withX.databases, database('y')];
    cluster.become(metadata({ databases: others }));
    const report = await cluster.applyTo(influxd, mine);
    expect(statements(report)).not.toContain(dropX);
    expect(await names(influxd, 'SHOW DATABASES')).toContain('y');
    const [reason = ''] = reasons(report);
    expect(reason).toContain('never part of the cluster');
    const confirmation = report.confirmable?.[0]?.confirmation ?? '';
    expect(reason).toContain(confirmation);
    await influxd.query('DROP RETENTION POLICY "own" ON "x"');
    expect(reasons(await cluster.applyTo(influxd, mine)), 'not by itself').toHaveLength(1);
    expect(await points(influxd)).toHaveLength(1);
    const confirmed = new Promise<Report>((resolve) => {
      void cluster.applyTo(influxd, mine, async (following) => {
        const dropped = new Promise<Report>((done) => {
          following.on('report', (each) => {
            if (each.done.length > 0) done(each);
          });
        });
        await following.confirmDrops(confirmation);
        resolve(await dropped);
      });
    });
    expect(statements(await confirmed)[0]).toBe(dropX);
    expect(await points(influxd)).toEqual([]);
    expect(reasons(await cluster.applyTo(influxd, mine))).toEqual([]);
  });

  it('R36: an agent without --allow-drops reports the order, and never carries it out later by itself', async () => {
    const { influxd, cluster, mine } = await away();
    cluster.become(withoutX, x);
    cluster.become(withX);
    const report = await cluster.applyTo(influxd, { ...mine, drops: 'report' });
    expect(report).toMatchObject({ done: [], version: 3 });
    expect(reasons(report)).toEqual([expect.stringContaining('only reported on this server')]);
    const later = await cluster.applyTo(influxd, mine);
    expect(later.done).toEqual([]);
    expect(later.confirmable).toHaveLength(1);
    // As today, if the cluster still lacks it.
    cluster.become(withoutX);
    expect(statements(await cluster.applyTo(influxd, mine))).toEqual([dropX]);
  });

  it('R36: nothing of a version is applied before its orders were read; then they are kept', async () => {
    const { influxd, cluster, mine } = await away();
    cluster.become(withoutX, x);
    cluster.become(metadata({ databases: [...withX.databases, database('y')] }));
    cluster.rewrite = () => {
      throw new CfluxError('UNREACHABLE', 'away', { retryable: true });
    };
    await expect(cluster.applyTo(influxd, mine)).rejects.toThrow('away');
    cluster.rewrite = (answer) => ({ ...answer, version: cluster.version - 1 });
    await expect(cluster.applyTo(influxd, mine)).rejects.toThrow('drop orders up to version');
    expect(await names(influxd, 'SHOW DATABASES')).not.toContain('y');
    expect(await points(influxd)).toHaveLength(1);
    cluster.rewrite = (answer) => answer;
    const proxy = await cuttingProxy(influxd.url);
    proxy.cutAt(1, 'before');
    await expect(cluster.applyTo(proxy, mine)).rejects.toThrow();
    // The manager is away: the orders are in the ledger.
    cluster.rewrite = () => {
      throw new Error('not read again');
    };
    expect(statements(await cluster.applyTo(influxd, mine))[0]).toBe(dropX);
    expect(await points(influxd)).toEqual([]);
  });

  it('R36: an order that was revoked after it was read is not carried out', async () => {
    const { influxd, cluster, mine } = await away();
    cluster.become(withoutX, x);
    const proxy = await cuttingProxy(influxd.url);
    proxy.cutAt(1, 'before');
    await expect(cluster.applyTo(proxy, mine)).rejects.toThrow();
    cluster.orders = [];
    cluster.become(withX);
    expect((await cluster.applyTo(influxd, mine)).done).toEqual([]);
    expect(await points(influxd)).toHaveLength(1);
  });

  it('R36: an order that was read and that a restored store does not have is not carried out', async () => {
    const { influxd, cluster, mine } = await away();
    const { version } = cluster;
    cluster.become(withoutX, x);
    cluster.become(withX);
    const proxy = await cuttingProxy(influxd.url);
    proxy.cutAt(1, 'before');
    await expect(cluster.applyTo(proxy, mine)).rejects.toThrow();
    // The same epoch and fewer versions; the next one has a number of the version that ordered.
    cluster.orders = [];
    cluster.version = version;
    cluster.become(withX);
    expect((await cluster.applyTo(influxd, mine)).done).toEqual([]);
    expect(await points(influxd)).toHaveLength(1);
  });

  it('R36: a manager without orders has none; one that removed orders unread is reported', async () => {
    const { influxd, cluster, mine } = await away();
    cluster.become(withX);
    cluster.rewrite = () => undefined;
    expect(await cluster.applyTo(influxd, mine)).toMatchObject({ done: [], pending: [] });
    const reads = cluster.reads;
    await cluster.applyTo(influxd, mine);
    expect(cluster.reads, 'a version is asked for once').toBe(reads);
    cluster.rewrite = (answer) => answer;
    cluster.completeFrom = cluster.version + 1;
    cluster.become(withX);
    cluster.become(withX);
    const report = await cluster.applyTo(influxd, mine);
    expect(report.missedOrders).toBe(cluster.completeFrom);
    expect((await cluster.applyTo(influxd, mine)).missedOrders).toBeUndefined();
  });

  it('R36: none beyond the version that is applied', async () => {
    const { influxd, cluster, mine } = await away();
    cluster.become(withX);
    cluster.orders.push({ ...x, version: cluster.version + 1, mutation: 'later', at: 0 });
    cluster.rewrite = (answer) => ({ ...answer, version: answer.version + 1 });
    expect((await cluster.applyTo(influxd, mine)).done).toEqual([]);
    expect(await points(influxd)).toHaveLength(1);
  });

  it('R36: an agent that is killed at any statement drops once, and never what came after', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let nth = 1; ; nth++) {
        const { influxd, cluster, mine } = await away();
        const proxy = await cuttingProxy(influxd.url);
        cluster.become(withoutX, x);
        cluster.become(metadata({ databases: [...withX.databases, database('y')] }));
        proxy.cutAt(nth, when);
        const wasCut = await cluster.applyTo(proxy, mine).then(
          () => false,
          () => true,
        );
        proxy.mend();
        const isThere = (await names(influxd, 'SHOW DATABASES')).includes('x');
        const isNew = isThere && when === 'after' && (await points(influxd)).length === 0;
        if (isNew) await influxd.write('x', 'm v=2 2');
        // Its orders are read again with the next version, because none was applied completely.
        cluster.become(cluster.data);
        await cluster.applyTo(proxy, mine);
        expect(proxy.changes.filter((statement) => statement === dropX)).toHaveLength(1);
        expect(await points(influxd)).toHaveLength(isNew ? 1 : 0);
        if (!wasCut) break;
      }
    }
  });

  it('R36: a killed DROP is not repeated on what was made by hand after it', async () => {
    const { influxd, cluster, mine } = await away();
    const proxy = await cuttingProxy(influxd.url);
    cluster.become(withoutX, x);
    proxy.cutAt(1, 'after');
    await expect(cluster.applyTo(proxy, mine)).rejects.toThrow();
    await influxd.query('CREATE DATABASE "x"');
    await influxd.write('x', 'm v=2 2');
    cluster.become(withX);
    expect((await cluster.applyTo(influxd, mine)).done).toEqual([]);
    expect(await points(influxd)).toHaveLength(1);
  });

  it('R36: an inner subscription that was never the cluster’s holds the order of its policy back', async () => {
    const influxd = await server();
    const mine = { dir: await directory(), snapshot: influxd.snapshot };
    const subscribed = metadata({
      databases: [database('x', [policy('autogen'), policy('p', { subscriptions: [subscription('s')] })])],
    });
    const cluster = new OrderingCluster(subscribed);
    cluster.become(subscribed);
    await cluster.applyTo(influxd, mine);
    await influxd.query(`CREATE SUBSCRIPTION "own" ON "x"."p" DESTINATIONS ALL 'udp://127.0.0.1:9'`);
    cluster.become(withoutP, p);
    const report = await cluster.applyTo(influxd, mine);
    expect(report.done).toEqual([]);
    expect(reasons(report).join()).toContain('subscription "own"');
  });
});
