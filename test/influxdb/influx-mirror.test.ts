import { InfluxMirror, readInfluxMetadata } from 'clusterflux/influxdb';
import { describe, expect, it } from 'vitest';
import { schemaOf } from '../support/schema.js';
import { describeWithServer } from '../support/servers.js';
import { database, day, hour, metadata, policy, query, subscription, user } from './support/build.js';
import { convergeOnce, directory, mirror, names, server } from './support/lab.js';

const whole = metadata({
  databases: [
    database(
      'telegraf',
      [
        policy('two weeks', { duration: 14n * day, subscriptions: [subscription('kapacitor', 'ANY')] }),
        policy('autogen'),
        policy('forever', { replicaN: 3, shardGroupDuration: day }),
      ],
      {
        continuousQueries: [
          query(
            'mean',
            'CREATE CONTINUOUS QUERY mean ON telegraf RESAMPLE EVERY 1m FOR 600s BEGIN SELECT mean(v) INTO telegraf.autogen.m FROM "telegraf"."two weeks".cpu GROUP BY time(300s) END',
          ),
        ],
      },
    ),
    database('no default', [policy('only', { duration: hour })], { defaultRetentionPolicy: '' }),
    database('no policies', []),
  ],
  users: [
    user('root', { admin: true }),
    user('bob', {
      privileges: new Map([
        ['telegraf', 1],
        ['no policies', 3],
        ['no default', 0],
      ]),
    }),
  ],
});

for (const snapshot of [true, false]) {
  describeWithServer('influxd', `InfluxMirror, reading by ${snapshot ? 'the snapshot port' : 'SHOW'}`, () => {
    it('makes an empty server what the cluster is, and then has nothing left to do', async () => {
      const influxd = await server();
      const first = await mirror(influxd, { snapshot }).converge(whole);
      const source = snapshot ? 'snapshot' : 'show';
      expect(first).toMatchObject({ refused: [], pending: [], unmanaged: [], source });

      const present = schemaOf(await readInfluxMetadata(influxd.url));
      const wanted = schemaOf(whole);
      expect(present.users).toEqual(wanted.users);
      expect(present.databases.map(({ name, retentionPolicies }) => [name, retentionPolicies])).toEqual(
        wanted.databases.map(({ name, retentionPolicies }) => [name, retentionPolicies]),
      );
      expect(present.databases.map(({ defaultRetentionPolicy }) => defaultRetentionPolicy)).toEqual([
        'two weeks',
        // InfluxQL cannot make a database without a default; this one names no policy.
        'cflux-none',
        'cflux-none',
      ]);
    });

    it('has nothing to do on a server that agrees, also with a ledger of earlier', async () => {
      const influxd = await server();
      const dir = await directory();
      const first = mirror(influxd, { snapshot, dir });
      await first.converge(whole);
      expect(await first.converge(whole)).toMatchObject({
        done: [],
        refused: [],
        pending: [],
        unmanaged: [],
        unverified: [],
      });
      await first.close();
      const second = mirror(influxd, { snapshot, dir });
      expect(await second.plan(whole)).toMatchObject({ steps: [], refused: [], pending: [], unverified: [] });
    });

    it('sets a password that the cluster changed, and only if it is given the right one', async () => {
      const influxd = await server({ auth: true });
      await influxd.query("CREATE USER admin WITH PASSWORD 'x' WITH ALL PRIVILEGES");
      const dir = await directory();
      const account = { username: 'admin', password: 'x', dir, snapshot };
      const users = (password: string) => metadata({ users: [user('bob', { password })] });
      const logsIn = async (password: string) =>
        (await influxd.query('SHOW DATABASES', { username: 'bob', password })).error === undefined;

      await convergeOnce(influxd, { ...account, passwords: () => 'old' }, users('old'));
      expect(await logsIn('old')).toBe(true);

      const changed = users('new');
      const without = await convergeOnce(influxd, { ...account, passwords: () => undefined }, changed);
      expect(without).toMatchObject({ done: [], pending: [{ item: { kind: 'user', user: 'bob' } }] });
      const wrong = await convergeOnce(influxd, { ...account, passwords: () => 'neither' }, changed);
      expect(wrong).toMatchObject({
        done: [],
        pending: [{ reason: "the given password is not the cluster's" }],
      });
      expect(await logsIn('old')).toBe(true);

      const right = await convergeOnce(influxd, { ...account, passwords: () => 'new' }, changed);
      expect(right).toMatchObject({ done: [{ action: { kind: 'setPassword', user: 'bob' } }], pending: [] });
      expect([await logsIn('old'), await logsIn('new')]).toEqual([false, true]);
      expect(
        JSON.stringify([without, wrong, right], (_key, value) =>
          typeof value === 'bigint' ? `${value}` : value,
        ),
      ).not.toMatch(/neither'|\$2/);
      // Known to agree from now on, without the password.
      const later = await convergeOnce(influxd, { ...account, passwords: () => undefined }, changed);
      expect(later).toMatchObject({ done: [], pending: [], unverified: [] });
    });

    it('replaces a query or subscription that the cluster changed, and keeps one that it cannot replace', async () => {
      const influxd = await server();
      const text = (interval: string) =>
        `CREATE CONTINUOUS QUERY c ON d BEGIN SELECT mean(v) INTO d.autogen.m FROM d.autogen.x WHERE h = 'A;b' GROUP BY time(${interval}) END`;
      const cluster = (cq: string, destination: string) =>
        metadata({
          databases: [
            database('d', [policy('autogen', { subscriptions: [subscription('s', 'ALL', [destination])] })], {
              continuousQueries: [query('c', cq)],
            }),
          ],
        });
      const present = async () => {
        const d = (await readInfluxMetadata(influxd.url)).databases[0];
        return [d?.continuousQueries[0]?.query, d?.retentionPolicies[0]?.subscriptions[0]?.destinations];
      };
      const it = mirror(influxd, { snapshot });
      await it.converge(cluster(text('300s'), 'udp://h:1'));
      expect(await present()).toEqual([text('5m'), ['udp://h:1']]);
      expect(await it.converge(cluster(text('300s'), 'udp://h:1'))).toMatchObject({ done: [] });

      // Nothing but the case of a value: InfluxDB itself would keep the old query.
      const lower = text('300s').replace('A;b', 'a;b');
      expect((await it.converge(cluster(lower, 'http://h:2'))).done).toHaveLength(2);
      expect(await present()).toEqual([text('5m').replace('A;b', 'a;b'), ['http://h:2']]);

      const broken = cluster(lower.replace('d.autogen.m', 'd.nowhere.m'), 'ftp://h');
      expect((await it.converge(broken)).refused.map(({ reason }) => reason).sort()).toEqual([
        'invalid subscription URL: ftp://h',
        'retention policy not found: d.nowhere',
      ]);
      expect(await present()).toEqual([text('5m').replace('A;b', 'a;b'), ['http://h:2']]);
    });

    it('drops what the cluster dropped only if allowed, and never unmanaged items', async () => {
      const influxd = await server();
      const dir = await directory();
      const before = metadata({
        databases: [database('kept', [policy('autogen'), policy('rp')]), database('gone')],
        users: [user('root', { admin: true }), user('bob')],
      });
      await convergeOnce(influxd, { snapshot, dir }, before);
      await influxd.query(
        'CREATE DATABASE mine; CREATE RETENTION POLICY mine ON kept DURATION 1h REPLICATION 1',
      );
      const wanted = metadata({ databases: [database('kept')] });
      const listed = async () => [
        await names(influxd, 'SHOW DATABASES'),
        await names(influxd, 'SHOW RETENTION POLICIES ON kept'),
        await names(influxd, 'SHOW USERS'),
      ];
      const everything = [
        ['kept', 'gone', 'mine'],
        ['autogen', 'rp', 'mine'],
        ['root', 'bob'],
      ];

      const reported = await convergeOnce(influxd, { snapshot, dir }, wanted);
      expect(reported).toMatchObject({
        done: [],
        refused: [],
        unmanaged: [{ policy: 'mine' }, { database: 'mine' }],
      });
      expect(reported.pending.map(({ item }) => item.kind)).toEqual([
        'user',
        'retentionPolicy',
        'database',
        'user',
      ]);
      expect(await listed()).toEqual(everything);

      // Three drops at once; the administrator is the last one here and stays anyway.
      const many = await convergeOnce(influxd, { snapshot, dir, drops: 'apply' }, wanted);
      expect(many).toMatchObject({ done: [] });
      expect(await listed()).toEqual(everything);

      const confirmed = mirror(influxd, { snapshot, dir, drops: 'apply' });
      await confirmed.confirmDrops(many.confirmation ?? '');
      const done = await confirmed.converge(wanted);
      expect(done.done).toHaveLength(3);
      expect(done.pending).toMatchObject([
        { item: { user: 'root' }, reason: 'it is the last administrator on this server' },
      ]);
      expect(await listed()).toEqual([['kept', 'mine'], ['autogen', 'mine'], ['root']]);
      // The confirmation was for this time.
      await confirmed.converge(before);
      expect(await confirmed.converge(wanted)).toMatchObject({ done: [], confirmation: many.confirmation });
    });

    it('never drops because of another epoch, and keeps the points', async () => {
      const influxd = await server();
      const dir = await directory();
      const before = metadata({
        databases: [database('d', [policy('autogen', { shardGroupDuration: hour })])],
      });
      const its = mirror(influxd, { snapshot, dir, drops: 'apply', maxDrops: 99 });
      await its.converge(before, { epoch: 'one', version: 5 });
      await influxd.write('d', 'm v=1 1');
      const wiped = metadata();
      expect(await its.converge(wiped, { epoch: 'two', version: 9 })).toMatchObject({
        done: [],
        pending: [{ item: { database: 'd' } }],
      });
      // A restored backup has an older version of the same epoch.
      await its.converge(before, { epoch: 'two', version: 10 });
      expect(await its.converge(wiped, { epoch: 'two', version: 8 })).toMatchObject({ done: [] });
      // What another history kept for ever, this one may not shorten.
      const shorter = metadata({ databases: [database('d', [policy('autogen', { duration: day })])] });
      expect(await its.converge(shorter, { epoch: 'two', version: 11 })).toMatchObject({ done: [] });
      expect(await names(influxd, 'SELECT v FROM d..m')).toEqual(['1970-01-01T00:00:00.000000001Z']);
      // In the same epoch it is the cluster's word.
      await its.converge(before, { epoch: 'two', version: 12 });
      expect(await its.converge(shorter, { epoch: 'two', version: 13 })).toMatchObject({
        done: [{ item: { kind: 'retention' } }],
      });
    });
  });
}

describeWithServer('influxd', 'InfluxMirror', () => {
  it('distinguishes users with and without the cluster’s password', async () => {
    const influxd = await server();
    await influxd.query("CREATE USER same WITH PASSWORD 'same'");
    await influxd.query("CREATE USER other WITH PASSWORD 'forgotten'");
    const users = metadata({ users: [user('same'), user('other')] });
    const known = await mirror(influxd, {
      passwords: (name) => (name === 'same' ? name : undefined),
    }).converge(users);
    expect(known).toMatchObject({ done: [], unverified: [], pending: [{ item: { user: 'other' } }] });
    const blind = await mirror(influxd, { snapshot: false }).converge(users);
    expect(blind).toMatchObject({ done: [], unverified: ['same', 'other'], pending: [] });
    expect(await mirror(influxd).converge(users)).toMatchObject({
      done: [{ action: { kind: 'setPassword', user: 'other' } }],
      pending: [],
    });
  });

  it('R32: a user that was dropped and created while the mirror was away has the rights of the new one only', async () => {
    const influxd = await server();
    const databases = [database('d'), database('e'), database('f')];
    const its = mirror(influxd, { dir: await directory(), drops: 'report' });
    const old = user('kim', {
      admin: true,
      privileges: new Map([
        ['d', 1],
        ['e', 3],
      ]),
    });
    const root = user('root', { admin: true });
    await its.converge(metadata({ databases, users: [root, old] }), { epoch: 'one', version: 5 });
    await influxd.query('GRANT READ ON f TO kim');
    const kim = user('kim', { privileges: new Map([['e', 2]]) });
    const report = await its.converge(metadata({ databases, users: [root, kim] }), {
      epoch: 'one',
      version: 7,
    });
    // Only this server had granted the right on f.
    expect(report).toMatchObject({ pending: [], unmanaged: [{ kind: 'grant', user: 'kim', database: 'f' }] });
    const grants = (await influxd.query('SHOW GRANTS FOR kim')).results?.[0]?.series?.[0]?.values ?? [];
    expect(grants.filter(([, privilege]) => privilege !== 'NO PRIVILEGES').sort()).toEqual([
      ['e', 'WRITE'],
      ['f', 'READ'],
    ]);
    expect((await influxd.query('SHOW USERS')).results?.[0]?.series?.[0]?.values).toEqual([
      ['root', true],
      ['kim', false],
    ]);
  });

  it('creates the first administrator of a server that requires authentication', async () => {
    const influxd = await server({ auth: true });
    const account = { username: 'root', password: 'root' };
    const stranger = metadata({ users: [user('bob')] });
    await expect(mirror(influxd, account).converge(stranger)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const report = await mirror(influxd, account).converge(whole);
    expect(report).toMatchObject({ refused: [], pending: [] });
    const data = await readInfluxMetadata(influxd.url, account);
    expect(schemaOf(data).users).toEqual(schemaOf(whole).users);
  });

  it('never locks itself or everyone out', async () => {
    const influxd = await server({ auth: true });
    await influxd.query("CREATE USER boss WITH PASSWORD 'x' WITH ALL PRIVILEGES");
    const account = { username: 'boss', password: 'x', drops: 'apply', maxDrops: 99 } as const;
    const demoted = metadata({ users: [user('boss', { password: 'y' })] });
    const report = await mirror(influxd, { ...account, passwords: () => 'y' }).converge(demoted);
    expect(report.done).toEqual([]);
    expect(report.refused.map(({ reason }) => reason)).toEqual([
      "its password is not the cluster's, but it is the mirror's account: set it by hand",
      "remains an administrator: it is the mirror's account",
    ]);
  });

  it('refuses an account that is not an administrator, and changes nothing', async () => {
    const influxd = await server({ auth: true });
    await influxd.query("CREATE USER boss WITH PASSWORD 'x' WITH ALL PRIVILEGES");
    await influxd.query("CREATE USER bob WITH PASSWORD 'x'", { username: 'boss', password: 'x' });
    const bob = mirror(influxd, { username: 'bob', password: 'x' });
    await expect(bob.converge(whole)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    const nobody = mirror(influxd);
    await expect(nobody.converge(whole)).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
  });

  it('keeps a scaffold with points', async () => {
    const influxd = await server();
    await influxd.query('CREATE DATABASE d WITH NAME "cflux-none"');
    await influxd.write('d', 'm v=1 1');
    const wanted = metadata({ databases: [database('d', [])] });
    for (const snapshot of [true, false]) {
      await mirror(influxd, { snapshot }).converge(wanted);
      expect(await names(influxd, 'SELECT v FROM d..m')).toHaveLength(1);
    }
  });
});

describe('InfluxMirror', () => {
  it('refuses options that make no sense, and repeats no password', () => {
    const make = (options: object) => () => new InfluxMirror({ url: 'http://127.0.0.1:1', ...options });
    expect(make({ url: 'ftp://h' })).toThrow('url: "ftp://h" is not an http or https URL');
    expect(make({ drops: 'yes' })).toThrow('drops: "yes" is not "report" or "apply"');
    expect(make({ maxDrops: -1 })).toThrow('maxDrops');
    expect(make({ interval: 0 })).toThrow('interval: 0 is not above 0');
    expect(make({ snapshot: 'nonsense' })).toThrow('snapshot: "nonsense" is not host:port');
    expect(make({ password: 'x' })).toThrow('password: set `username` too');
    expect(make({ username: 'a:b' })).toThrow('username: HTTP Basic authentication does not allow a colon');
  });

  it('rejects after it was closed, and closes twice', async () => {
    const closed = new InfluxMirror({ url: 'http://127.0.0.1:1' });
    await closed.close();
    await closed.close();
    await expect(closed.converge(metadata())).rejects.toMatchObject({ code: 'CLOSED' });
  });
});
