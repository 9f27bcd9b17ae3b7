import type { MetaData } from 'clusterflux';
import { readInfluxMetadata } from 'clusterflux/influxdb';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Influxd, startInfluxd } from '../support/influxd.js';
import { describeWithServer } from '../support/servers.js';
import { type AnsweringProxy, answeringProxy, type Response } from './support/answering-proxy.js';
import { database, day, metadata, policy, query, subscription, user } from './support/build.js';
import { directory, mirror } from './support/lab.js';

const select = (name: string) =>
  `CREATE CONTINUOUS QUERY ${name} ON kept BEGIN SELECT mean(v) INTO kept.autogen.${name} FROM kept.autogen.m GROUP BY time(1h) END`;

const before = metadata({
  databases: [
    database(
      'kept',
      [policy('autogen'), policy('p1', { duration: 2n * day, subscriptions: [subscription('s1')] })],
      { continuousQueries: [query('c1', select('c1'))] },
    ),
    database('other'),
    database('gone'),
  ],
  users: [
    user('ann', { admin: true }),
    user('u', { privileges: new Map([['kept', 1]]) }),
    user('w', { privileges: new Map([['kept', 1]]) }),
  ],
});

const after = metadata({
  databases: [
    database('kept', [policy('autogen', { subscriptions: [subscription('s2')] })], {
      continuousQueries: [query('c2', select('c2'))],
    }),
    // A policy that came where another went could be renamed.
    database('other', [policy('autogen'), policy('p2', { duration: 2n * day })]),
    database('new'),
  ],
  users: [before.users[0] ?? user('ann'), user('u', { privileges: new Map([['new', 2]]) }), user('v')],
});

/** Everything that differs between the two. */
function contents({ databases, users }: MetaData): string[] {
  const inDatabases = databases.flatMap(({ name, retentionPolicies, continuousQueries }) => [
    `database ${name}`,
    ...retentionPolicies.flatMap((each) => [
      `policy ${name}.${each.name}`,
      ...each.subscriptions.map((its) => `subscription ${name}.${each.name}.${its.name}`),
    ]),
    ...continuousQueries.map((each) => `query ${name}.${each.name}`),
  ]);
  const ofUsers = users.flatMap(({ name, privileges }) => [
    `user ${name}`,
    // InfluxDB keeps a row without privileges.
    ...[...privileges].flatMap(([its, privilege]) =>
      privilege === 0 ? [] : `grant ${name} ${its} ${privilege}`,
    ),
  ]);
  return [...inDatabases, ...ofUsers].sort();
}

/** What is as before, although it differs, by the statement that fails. */
type Kept = (item: string) => boolean;
const nothing: Kept = () => false;
const startsWith =
  (...starts: string[]): Kept =>
  (item) =>
    starts.some((start) => item.startsWith(start));

type Variant = readonly [statement: string, kept: Kept, isFine?: true];

const byShow: readonly Variant[] = [
  ['SHOW USERS', startsWith('user ', 'grant ')],
  ['SHOW CONTINUOUS QUERIES', startsWith('query ', 'database gone', 'policy gone')],
  ['SHOW SUBSCRIPTIONS', startsWith('subscription ', 'policy kept.p1', 'database gone', 'policy gone')],
  ['SHOW RETENTION POLICIES ON "kept"', startsWith('policy kept', 'subscription ')],
  ['SHOW RETENTION POLICIES ON "gone"', startsWith('database gone', 'policy gone')],
  ['SHOW GRANTS FOR "u"', startsWith('grant u')],
  ['SHOW GRANTS FOR "w"', startsWith('user w', 'grant w')],
  ["SHOW STATS FOR 'shard'", nothing],
  ['SHOW SHARDS', nothing],
  ['SHOW DIAGNOSTICS', nothing, true],
];

const bySnapshot: readonly Variant[] = [
  // The last administrator is looked for right before a user is dropped.
  ['SHOW USERS', startsWith('user w', 'grant w')],
  ['SHOW DATABASES', nothing, true],
  ["SHOW STATS FOR 'shard'", nothing],
  ['SHOW SHARDS', nothing],
  ['SHOW DIAGNOSTICS', nothing, true],
  ['SHOW SUBSCRIPTIONS', nothing, true],
];

const text = 'the server feels strange';
/** How a statement fails; the results of those before it in the request are real. */
const failures: Readonly<Record<string, object | Response>> = {
  'an error text inside a 200': { error: text },
  'status 500 for its request': { status: 500, body: JSON.stringify({ error: text }) },
  'a result without columns that it must have': {},
};

/** Every statement fails with a text; the other failures are those of a request or of any statement with columns. */
const isWorth = (source: string, kind: string, [statement]: Variant) =>
  kind.startsWith('an error') || (source === 'show' && /USERS|POLICIES ON "kept"/.test(statement));

for (const [source, variants] of [
  ['show', byShow],
  ['snapshot', bySnapshot],
] as const)
  describeWithServer('influxd', `R34: a part of a server that cannot be read, by ${source}`, () => {
    let influxd: Influxd;
    let proxy: AnsweringProxy;
    beforeAll(async () => {
      influxd = await startInfluxd();
    });
    beforeEach(async () => {
      proxy = await answeringProxy(influxd.url);
    });
    afterAll(() => influxd.remove());

    async function askReal(statements: readonly string[]): Promise<object[]> {
      if (statements.length === 0) return [];
      const { results = [] } = await influxd.query(statements.join('; '));
      return [...results];
    }

    /** Makes `statement` fail from now on. */
    function fail(statement: string, how: object | Response): void {
      proxy.respond = async (sent) => {
        const all = sent.split('; ');
        const at = all.indexOf(statement);
        if (at === -1) return undefined;
        if ('body' in how) return how;
        const real = await askReal(all.slice(0, at));
        const rest = 'error' in how ? [] : await askReal(all.slice(at + 1));
        const results = [...real, how, ...rest].map((result, id) => ({ ...result, statement_id: id }));
        return { body: JSON.stringify({ results }) };
      };
    }

    const present = async () => contents(await readInfluxMetadata(influxd.url));
    const options = async () => ({
      dir: await directory(),
      drops: 'apply' as const,
      maxDrops: 100,
      snapshot: source === 'show' ? false : influxd.snapshot,
    });

    for (const [kind, how] of Object.entries(failures))
      for (const [statement, kept, isFine] of variants.filter((variant) => isWorth(source, kind, variant)))
        it(`R34: ${statement} with ${kind} concerns what it shows alone`, async () => {
          const its = mirror(proxy, await options());
          await its.converge(before, { epoch: 'e', version: 1 });
          await its.converge(before, { epoch: 'e', version: 1 });
          fail(statement, how);
          const outcome = await its
            .converge(after, { epoch: 'e', version: 2 })
            .catch((error: unknown) => error);
          if (isFine) expect(outcome).toMatchObject({ pending: [], unmanaged: [] });
          else expect(outcome).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
          if (!isFine && source === 'show') expect(String(outcome)).toContain(statement);
          const [old, wanted] = [contents(before), contents(after)];
          const expected = [...old.filter((item) => kept(item) || wanted.includes(item))];
          expected.push(...wanted.filter((item) => !old.includes(item) && !kept(item)));
          expect(await present()).toEqual([...expected].sort());
          if (!isFine && source === 'show' && kept !== nothing)
            await expect(its.plan(after, { epoch: 'e', version: 2 })).rejects.toMatchObject({
              retryable: true,
            });

          proxy.respond = () => undefined;
          expect(await its.converge(after, { epoch: 'e', version: 2 })).toMatchObject({
            pending: [],
            refused: [],
            unmanaged: [],
          });
          expect(await present()).toEqual(wanted);
          // For the next case.
          await its.converge(metadata({ users: after.users.slice(0, 2) }), { epoch: 'e', version: 3 });
        });

    if (source === 'show')
      it('R34: nothing is done without the names of the databases', async () => {
        const its = mirror(proxy, await options());
        await its.converge(before, { epoch: 'e', version: 1 });
        fail('SHOW DATABASES', { error: text });
        await expect(its.converge(after, { epoch: 'e', version: 2 })).rejects.toMatchObject({
          code: 'UNAVAILABLE',
          message: expect.stringContaining(text),
        });
        expect(await present()).toEqual(contents(before));
      });
  });
