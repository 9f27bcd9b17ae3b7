import { isCfluxError, isValidName } from 'clusterflux';
import { expect, it } from 'vitest';
import { schemaOf } from '../support/schema.js';
import { describeWithServer } from '../support/servers.js';
import { inStep, labManager, type Node, node, shown } from './support/fleet.js';
import { names } from './support/lab.js';
import { oddNames } from './support/odd-names.js';

const points = async ({ influxd }: Node) => (await names(influxd, 'SELECT v FROM kept..m')).length;

/** Everything that a server shows but the order in which it was made. */
function sorted({ databases, users }: Awaited<ReturnType<typeof shown>>) {
  const byName = <T extends { name: string }>(list: T[]) =>
    [...list].sort((one, other) => (one.name < other.name ? -1 : 1));
  return {
    databases: byName(databases).map((database) => ({
      ...database,
      retentionPolicies: byName(database.retentionPolicies),
    })),
    users: byName(users),
  };
}

describeWithServer('influxd', 'three servers with agents', () => {
  it('have every change, made through any of them, and keep their points through it all', async () => {
    const manager = await labManager();
    const nodes = [await node(manager.url), await node(manager.url), await node(manager.url)] as const;
    const [a, b, c] = nodes;
    const everywhere = async () => {
      const version = Math.max(...nodes.map(({ client }) => client.status.version));
      await Promise.all(nodes.map((one) => inStep(one, version)));
      const cluster = sorted(schemaOf(await a.client.data()));
      for (const one of nodes) expect(sorted(await shown(one))).toEqual(cluster);
    };
    await a.client.createDatabase('kept');
    await everywhere();
    for (const { influxd } of nodes) await influxd.write('kept', 'm v=1 1');

    await b.client.createRetentionPolicy('kept', { name: 'week', duration: '7d', replicaN: 2 }, true);
    await c.client.createUser('bob', 'bob', false);
    await a.client.setPrivilege('bob', 'kept', 1);
    const query =
      'CREATE CONTINUOUS QUERY q ON kept BEGIN SELECT mean(v) INTO kept.week.m FROM kept.autogen.m GROUP BY time(5m) END';
    await b.client.createContinuousQuery('kept', 'q', query);
    await c.client.createSubscription('kept', 'autogen', 's', 'ANY', ['udp://127.0.0.1:9']);
    await everywhere();
    // Points are in autogen, which is not the default any more.
    for (const { influxd } of nodes) {
      expect(await names(influxd, 'SELECT v FROM kept.autogen.m')).toHaveLength(1);
    }

    await a.client.updateRetentionPolicy('kept', 'week', { duration: '14d' }, false);
    await a.client.updateRetentionPolicy('kept', 'autogen', {}, true);
    await b.client.setAdminPrivilege('bob', true);
    await c.client.setPrivilege('bob', 'kept', 3);
    await everywhere();

    // Two nodes change the same database at once.
    const refused = (error: unknown) => error;
    const [one, other] = await Promise.all([
      // Whichever is first, the other differs from it.
      a.client.createRetentionPolicy('kept', { name: 'x', duration: '1h' }, false).catch(refused),
      b.client.createRetentionPolicy('kept', { name: 'x', duration: '2h' }, false).catch(refused),
      // Not durations: the second node might shorten one, which would wait for a confirmation.
      b.client.updateRetentionPolicy('kept', 'week', { replicaN: 3 }, false),
      c.client.updateRetentionPolicy('kept', 'week', { replicaN: 4 }, true),
    ]);
    expect([one, other].filter((result) => isCfluxError(result, 'RETENTION_POLICY_EXISTS'))).toHaveLength(1);
    await everywhere();

    // Every odd name, at once.
    await c.client.mutate(async (meta) => {
      for (const name of oddNames) if (isValidName(name)) await meta.createDatabase(name);
    });
    await everywhere();
    for (const one of nodes) expect(await points(one)).toBe(0);
    for (const { influxd } of nodes) {
      expect(await names(influxd, 'SELECT v FROM kept.autogen.m')).toHaveLength(1);
    }
  });

  it('are right within seconds of coming back from being down through fifty changes', async () => {
    const manager = await labManager();
    const [a, b] = [await node(manager.url), await node(manager.url)];
    await a.client.createDatabase('kept');
    await inStep(b, a.client.status.version);
    await b.influxd.write('kept', 'm v=1 1');
    await b.influxd.stop('SIGKILL');
    for (let at = 0; at < 50; at++) {
      if (at % 2 === 0) await a.client.createDatabase(`d${at}`);
      else await a.client.createRetentionPolicy(`d${at - 1}`, { name: 'rp', duration: '1d' }, true);
    }
    await b.client.waitForVersion(a.client.status.version);
    await b.influxd.start();
    const begin = performance.now();
    await inStep(b, a.client.status.version);
    expect(sorted(await shown(b))).toEqual(sorted(await shown(a)));
    expect(await points(b)).toBe(1);
    // Its longest pause between two tries is five seconds.
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  it('drop nothing when their manager loses everything (R11)', async () => {
    const manager = await labManager();
    const options = { drops: 'apply', maxDrops: 99 } as const;
    const nodes = [await node(manager.url, options), await node(manager.url, options)] as const;
    const [a, b] = nodes;
    await a.client.createDatabase('kept');
    await a.client.createDatabase('other');
    await b.client.createUser('bob', 'bob', true);
    const version = a.client.status.version;
    for (const one of nodes) await inStep(one, version);
    for (const { influxd } of nodes) await influxd.write('kept', 'm v=1 1');
    const before = await Promise.all(nodes.map(shown));

    const changed = Promise.all(
      nodes.map(({ client }) => new Promise((resolve) => client.once('epochChanged', resolve))),
    );
    await manager.loseEverything();
    await changed;
    await a.client.createDatabase('after');
    for (const one of nodes) await inStep(one, a.client.status.version);
    for (const [at, one] of nodes.entries()) {
      const { databases, users } = await shown(one);
      expect(databases.map(({ name }) => name)).toEqual([
        ...(before[at]?.databases.map(({ name }) => name) ?? []),
        'after',
      ]);
      expect(users).toEqual(before[at]?.users);
      expect(await points(one)).toBe(1);
    }
    // And in the new history a drop is a drop again.
    await b.client.dropDatabase('other');
    for (const one of nodes) await inStep(one, b.client.status.version);
    for (const { influxd } of nodes)
      expect(await names(influxd, 'SHOW DATABASES')).toEqual(['kept', 'after']);
  }, 60_000);
});
