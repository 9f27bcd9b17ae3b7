import { isValidName } from 'clusterflux';
import { readInfluxMetadata } from 'clusterflux/influxdb';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { quoteIdentifier, quoteString } from '../../src/influxdb/statements/influxql.js';
import type { MetaData } from '../../src/meta/records.js';
import { schemaOf } from '../support/schema.js';
import { describeWithServer } from '../support/servers.js';
import { database, metadata, policy, query, subscription, user } from './support/build.js';
import { mirror, names, server } from './support/lab.js';
import { inexpressible, oddNames } from './support/odd-names.js';

/** As InfluxDB stores it, so that it can be compared as it is. */
const storedQuery = (name: string) => {
  const plain = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !['select', 'DROP'].includes(name);
  const quoted = plain ? name : quoteIdentifier(name);
  return `CREATE CONTINUOUS QUERY ${quoted} ON d BEGIN SELECT mean(v) INTO d.autogen.m FROM d.autogen.x GROUP BY time(1m) END`;
};

/** A cluster that uses each name for everything that may have it. */
function clusterOf(oddOnes: readonly string[]): MetaData {
  const valid = oddOnes.filter(isValidName);
  const d = database(
    'd',
    [
      policy('autogen', { subscriptions: oddOnes.map((name) => subscription(name)) }),
      ...valid.filter((name) => name !== 'autogen').map((name) => policy(name)),
    ],
    { continuousQueries: oddOnes.map((name) => query(name, storedQuery(name))) },
  );
  const { hash } = user('u');
  return metadata({
    databases: [d, ...valid.filter((name) => name !== 'd').map((name) => database(name))],
    users: oddOnes.map((name, at) =>
      user(name, { hash, privileges: new Map([[valid[at % valid.length] ?? 'd', 1]]) }),
    ),
  });
}

describeWithServer('influxd', 'odd names', () => {
  it('come through as they are: databases, policies, queries, subscriptions, users, privileges', async () => {
    const influxd = await server();
    const wanted = clusterOf(oddNames);
    const its = mirror(influxd, { passwords: () => 'u', statementsPerSecond: 1e4 });
    const report = await its.converge(wanted);
    expect(report).toMatchObject({ refused: [], pending: [], unmanaged: [] });
    for (const snapshot of [false, true]) {
      expect(schemaOf(await readInfluxMetadata(influxd.url, { snapshot }))).toEqual(schemaOf(wanted));
    }
    expect(await its.plan(wanted)).toMatchObject({ steps: [], pending: [] });
    expect(await mirror(influxd, { snapshot: false }).plan(wanted)).toMatchObject({ steps: [], pending: [] });
  });

  it('that InfluxQL or InfluxDB cannot have are reported, and never sent', async () => {
    const influxd = await server();
    const refused = [...inexpressible, 'a/b', '..', '\u200b'];
    const wanted = metadata({
      databases: refused.map((name) => database(name)),
      users: inexpressible.map((name) => user(name)),
    });
    const report = await mirror(influxd).converge(wanted);
    expect(report.done).toEqual([]);
    expect(report.refused).toHaveLength(refused.length + inexpressible.length);
    expect(await names(influxd, 'SHOW DATABASES')).toEqual([]);
    expect(await names(influxd, 'SHOW USERS')).toEqual([]);
  });

  it('do no harm, whatever they are', async () => {
    const influxd = await server();
    await influxd.query('CREATE DATABASE victim');
    await influxd.write('victim', 'm v=1 1');
    await influxd.query("CREATE USER victim WITH PASSWORD 'x'");
    const pieces = fc.constantFrom(
      '"',
      "'",
      '\\',
      '\n',
      ';',
      ' ',
      '--',
      '/*',
      '*/',
      '/',
      ')',
      'END',
      '\\"',
      "\\'",
      'DROP DATABASE victim',
      "SET PASSWORD FOR victim = 'y'",
      'GRANT ALL PRIVILEGES TO victim',
      '\r',
      '\t',
      'é',
    );
    const hostile = fc.oneof(
      fc.array(pieces, { minLength: 1, maxLength: 8 }).map((list) => list.join('')),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
    );
    const { hash } = user('u');
    await fc.assert(
      fc.asyncProperty(hostile, hostile, hostile, async (name, text, destination) => {
        const continuousQueries = [
          query(
            'c',
            `CREATE CONTINUOUS QUERY c ON d BEGIN SELECT mean(v) INTO m FROM x WHERE h =~ /${text}/ GROUP BY time(1m) END`,
          ),
          query('e', `CREATE CONTINUOUS QUERY e ON d BEGIN SELECT v INTO m FROM x END ${text}`),
          query(name, text),
          query(
            name,
            `CREATE CONTINUOUS QUERY "${name}" ON d BEGIN SELECT mean(v) INTO m FROM x WHERE h = '${text}' GROUP BY time(1m) END`,
          ),
        ];
        const wanted = metadata({
          databases: [
            database('victim'),
            database(
              'd',
              [
                policy('autogen', {
                  subscriptions: [subscription(name, text), subscription(text, 'ALL', [destination])],
                }),
                policy(name),
              ],
              {
                continuousQueries,
              },
            ),
            database(name),
          ],
          users: [
            user('victim', { hash: '' }),
            user(name, {
              hash,
              privileges: new Map([
                [name, 1],
                [text, 2],
              ]),
            }),
          ],
        });
        await mirror(influxd, { passwords: () => 'u', statementsPerSecond: 1e4 }).converge(wanted);
        expect(await names(influxd, 'SELECT v FROM victim..m')).toHaveLength(1);
        const { users } = await readInfluxMetadata(influxd.url);
        expect(users.filter(({ admin }) => admin)).toEqual([]);
        const expected = new Set(['victim', name.replaceAll('\ufffd', '')]);
        for (const { name: made } of users) expect(expected).toContain(made.replaceAll('\ufffd', ''));
        for (const { name: made } of users)
          if (made !== 'victim') await influxd.query(`DROP USER ${quoteIdentifier(made)}`);
        await influxd.query('DROP DATABASE d');
      }),
      { numRuns: 20 },
    );
  });

  it('are quoted so that the server reads them as they are', async () => {
    const influxd = await server();
    const expressible = fc
      .string({ unit: 'binary', maxLength: 30 })
      .filter((name) => !/[\r\0]|\p{Surrogate}/u.test(name));
    // Longer than any of the names, so that none of them names it.
    const own = 'd'.repeat(31);
    await fc.assert(
      fc.asyncProperty(expressible, async (text) => {
        // A failure before this one may have left it.
        await influxd.query(`DROP DATABASE ${own}`);
        await influxd.query(`CREATE DATABASE ${own}`);
        const answer = await influxd.query(
          `CREATE SUBSCRIPTION ${quoteIdentifier(text)} ON ${own}.autogen DESTINATIONS ALL 'udp://h:1'`,
        );
        expect(answer.results?.[0]?.error).toBeUndefined();
        const shown = await influxd.query('SHOW SUBSCRIPTIONS');
        expect(shown.results?.[0]?.series?.[0]?.values?.[0]?.[1]).toBe(text);
        const refused = await influxd.query(
          `DROP SUBSCRIPTION s ON ${quoteIdentifier(text)}.autogen -- ${quoteString(text).replaceAll('\n', '')}`,
        );
        expect(refused.results?.[0]?.error).toBe(`database not found: ${text}`);
      }),
      { numRuns: 40, examples: [['d'], [''], ['autogen']] },
    );
  });
});
