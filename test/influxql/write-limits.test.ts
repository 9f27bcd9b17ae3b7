import { LocalMetaClient } from 'clusterflux';
import { executeQuery, parseStatements, printStatement, writeSchema } from 'clusterflux/influxql';
import { describe, expect, it } from 'vitest';
import { LocalTarget } from './support/target.js';

const hour = 3_600_000_000_000n;

const printed = (text: string) =>
  parseStatements(text).map(({ statement }) =>
    statement.kind === 'server' ? statement.command : printStatement(statement),
  )[0];

describe('FUTURE LIMIT and PAST LIMIT', () => {
  it.each([
    [
      'CREATE RETENTION POLICY r ON d DURATION 1d REPLICATION 1 DEFAULT future limit 60m past limit 2h',
      'CREATE RETENTION POLICY r ON d DURATION 1d REPLICATION 1 DEFAULT FUTURE LIMIT 1h PAST LIMIT 2h',
    ],
    [
      'CREATE RETENTION POLICY r ON d DURATION 1d REPLICATION 1 SHARD DURATION 1h PAST LIMIT 2h DEFAULT',
      'CREATE RETENTION POLICY r ON d DURATION 1d REPLICATION 1 SHARD DURATION 1h DEFAULT PAST LIMIT 2h',
    ],
    [
      'CREATE RETENTION POLICY r ON d DURATION 1d REPLICATION 1 FUTURE LIMIT 0s PAST LIMIT INF',
      'CREATE RETENTION POLICY r ON d DURATION 1d REPLICATION 1',
    ],
    [
      'ALTER RETENTION POLICY r ON d PAST LIMIT 90m DEFAULT FUTURE LIMIT 0s',
      'ALTER RETENTION POLICY r ON d DEFAULT FUTURE LIMIT 0s PAST LIMIT 90m',
    ],
    [
      'CREATE DATABASE d WITH DURATION 90m FUTURE LIMIT 90m NAME r',
      'CREATE DATABASE d WITH DURATION 1h30m0s FUTURE LIMIT 90m NAME r',
    ],
    ['CREATE DATABASE "future" WITH PAST LIMIT 1h', 'CREATE DATABASE "future" WITH PAST LIMIT 1h'],
  ])('are parsed and printed: %s', (text, expected) => {
    expect(printed(text)).toBe(expected);
    expect(printed(expected)).toBe(expected);
  });

  it.each([
    'CREATE RETENTION POLICY r ON d DURATION 1d REPLICATION 1 PAST LIMIT 1h FUTURE LIMIT 1h',
    'CREATE RETENTION POLICY r ON d DURATION 1d REPLICATION 1 FUTURE LIMIT 1h DEFAULT PAST LIMIT 1h',
    'CREATE RETENTION POLICY r ON d DURATION 1d REPLICATION 1 FUTURE 1h',
    'ALTER RETENTION POLICY r ON d FUTURE LIMIT 1h FUTURE LIMIT 2h',
    'ALTER RETENTION POLICY r ON d FUTURE LIMIT',
  ])('are refused in another order, twice, or incomplete: %s', (text) => {
    expect(() => parseStatements(text)).toThrow(/^found /);
  });

  it('are executed, and shown in columns of their own if the metadata states a limit', async () => {
    const target = new LocalTarget();
    const show = async (serverVersion?: string) => {
      const options = serverVersion === undefined ? {} : { serverVersion };
      const { results } = await executeQuery(target, 'SHOW RETENTION POLICIES ON d', options);
      return results?.[0]?.series?.[0];
    };
    await executeQuery(target, 'CREATE DATABASE d');
    const older = ['name', 'duration', 'shardGroupDuration', 'replicaN', 'default'];
    expect((await show())?.columns).toEqual(older);
    expect(await show('1.12.4')).toEqual({
      columns: [...older.slice(0, 4), 'futureWriteLimit', 'pastWriteLimit', 'default'],
      values: [['autogen', '0s', '168h0m0s', 1, '0s', '0s', true]],
    });
    const { results } = await executeQuery(
      target,
      'ALTER RETENTION POLICY autogen ON d FUTURE LIMIT 1h; CREATE RETENTION POLICY r ON d DURATION 1d REPLICATION 1 PAST LIMIT 90m; CREATE DATABASE e WITH PAST LIMIT 1h',
    );
    expect(results?.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
    expect((await show())?.values).toEqual([
      ['autogen', '0s', '168h0m0s', 1, '1h0m0s', '0s', true],
      ['r', '24h0m0s', '1h0m0s', 1, '0s', '1h30m0s', false],
    ]);
    expect((await show('1.8.10'))?.columns).toEqual(older);
    await executeQuery(target, 'ALTER RETENTION POLICY autogen ON d FUTURE LIMIT INF');
    const policies = target.data().databases.map(({ retentionPolicies }) => retentionPolicies[0]);
    expect(policies).toMatchObject([{ futureWriteLimit: 0n }, { pastWriteLimit: hour }]);
  });

  it('are in the statements of a schema, which create them again', async () => {
    const meta = new LocalMetaClient();
    await meta.createDatabaseWithRetentionPolicy('d', { futureWriteLimit: '1h', pastWriteLimit: '90m' });
    await meta.createRetentionPolicy('d', { name: 'r', duration: '1d', pastWriteLimit: '1h' }, true);
    await meta.createRetentionPolicy('d', { name: 's', futureWriteLimit: 0n }, false);
    const { statements, omitted } = await writeSchema(meta.data());
    expect(omitted).toEqual([]);
    expect(statements.filter((text) => text.includes('LIMIT'))).toHaveLength(2);
    const again = new LocalTarget();
    for (const statement of statements)
      expect((await executeQuery(again, statement)).results?.[0]?.error).toBeUndefined();
    expect((await writeSchema(again.data())).statements).toEqual(statements);
  });
});
