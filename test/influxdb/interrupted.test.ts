import { encodeMetadata } from 'clusterflux';
import { readInfluxMetadata } from 'clusterflux/influxdb';
import { expect, it } from 'vitest';
import { startInfluxd } from '../support/influxd.js';
import { schemaOf } from '../support/schema.js';
import { describeWithServer } from '../support/servers.js';
import { database, day, hour, metadata, policy, query, subscription, user } from './support/build.js';
import { cuttingProxy } from './support/cutting-proxy.js';
import { convergeOnce, directory, names } from './support/lab.js';

const text = (value: string) =>
  `CREATE CONTINUOUS QUERY c ON kept BEGIN SELECT mean(v) INTO kept.autogen.m FROM kept.autogen.x WHERE h = '${value}' GROUP BY time(5m) END`;

const keptPolicies = (duration: bigint, destination: string) => [
  policy('autogen'),
  policy('rp', {
    duration,
    shardGroupDuration: hour,
    subscriptions: [subscription('s', 'ALL', [destination])],
  }),
];

const before = metadata({
  databases: [
    database('kept', keptPolicies(0n, 'udp://h:1'), { continuousQueries: [query('c', text('a'))] }),
    database('gone'),
  ],
  users: [user('root', { admin: true }), user('gone')],
});

/** Every kind of change, drops among them. */
const after = metadata({
  databases: [
    database('kept', keptPolicies(day, 'udp://h:2'), { continuousQueries: [query('c', text('b'))] }),
    database('new', [policy('a', { duration: 14n * day }), policy('b')]),
    database('none', []),
  ],
  users: [
    user('root', { admin: true }),
    user('bob', {
      privileges: new Map([
        ['new', 1],
        ['kept', 2],
      ]),
    }),
  ],
});

/** At night each change is cut off both ways, with `EVERY_CUT=1`; otherwise in turns. */
const step = process.env['EVERY_CUT'] === '1' ? 1 : 2;

describeWithServer('influxd', 'a convergence that is cut off', () => {
  for (const when of ['before', 'after'] as const) {
    it(`at a change, ${when} it reached the server, converges when it is started again`, async () => {
      // The same server each time, as the cluster's first metadata had made it.
      const metadataHere = encodeMetadata({ ...before, databases: [...before.databases, database('mine')] });
      for (let nth = when === 'before' ? 1 : step; ; nth += step) {
        const influxd = await startInfluxd({ metadata: metadataHere });
        const proxy = await cuttingProxy(influxd.url);
        const dir = await directory();
        const options = { drops: 'apply', maxDrops: 9, snapshot: influxd.snapshot, dir } as const;
        await influxd.write('kept', 'x v=1 1');
        expect(await convergeOnce(proxy, options, before)).toMatchObject({ done: [] });

        proxy.cutAt(nth, when);
        const wasCut = await convergeOnce(proxy, options, after).then(
          () => false,
          () => true,
        );
        proxy.mend();
        const report = await convergeOnce(proxy, options, after);
        expect(report).toMatchObject({ refused: [], pending: [], unmanaged: [{ database: 'mine' }] });

        const present = schemaOf(await readInfluxMetadata(influxd.url, { snapshot: influxd.snapshot }));
        const { databases, users } = schemaOf(after);
        expect(present.databases.map(policiesOf).sort()).toEqual(
          [...databases.map(policiesOf), ['mine', [expect.objectContaining({ name: 'autogen' })]]].sort(),
        );
        expect(present.databases[0]?.continuousQueries).toEqual(databases[0]?.continuousQueries);
        expect(present.users).toEqual(users);
        expect(await names(influxd, 'SELECT v FROM kept..x')).toHaveLength(1);
        await influxd.remove();
        if (wasCut) continue;
        expect(nth).toBeGreaterThan(15);
        expect(nth - proxy.changes.length).toBeGreaterThanOrEqual(1);
        expect(nth - proxy.changes.length).toBeLessThanOrEqual(step);
        return;
      }
    });
  }
});

type Database = ReturnType<typeof schemaOf>['databases'][number];
const policiesOf = ({ name, retentionPolicies }: Database) => [name, retentionPolicies];
