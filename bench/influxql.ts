import { executeQuery } from '../src/influxql/execute/execute-query.js';
import { parseStatements } from '../src/influxql/parse-statements.js';
import { LocalMetaClient } from '../src/meta/local-meta-client.js';
import { measurePair } from './measure.js';
import type { Figure } from './report.js';

const count = 1_000;

/** Databases, policies and continuous queries, as a script of a real cluster has them. */
function script(): string {
  const statements = Array.from({ length: count / 4 }, (_, at) => [
    `CREATE DATABASE "db ${at}" WITH DURATION 30d REPLICATION 1 SHARD DURATION 1d NAME "month"`,
    `CREATE RETENTION POLICY year ON "db ${at}" DURATION 52w REPLICATION 1 /* for reports */`,
    `CREATE CONTINUOUS QUERY hourly ON "db ${at}" BEGIN SELECT mean(v) AS v INTO year.m FROM m WHERE host =~ /^web;/ GROUP BY time(1h), * END`,
    `DROP SUBSCRIPTION s ON "db ${at}".year`,
  ]);
  return statements.flat().join(';\n');
}

/** Parsing beside `JSON.parse` of a text of that size, and an atomic script beside its operations. */
export async function run(): Promise<Figure[]> {
  const text = script();
  const list = text.split(';\n');
  const json = JSON.stringify(
    list.map((statement) => ({ statement, words: statement.split(' ').slice(0, 2) })),
  );
  const parsing = await measurePair(
    async () => parseStatements(text),
    async () => JSON.parse(json),
  );
  const changes = text.replaceAll(/DROP SUBSCRIPTION [^;]*;?/g, '');
  const executing = await measurePair(
    () => executeOn(new LocalMetaClient(), changes),
    () => operateOn(new LocalMetaClient()),
    { rounds: 11, warmUp: 3 },
  );
  return [
    {
      name: `parsing a script of ${count} statements`,
      value: parsing.ours,
      unit: 'ms',
      floorName: 'JSON.parse of such a text',
      floor: parsing.floor,
      target: 10,
    },
    {
      name: `an atomic script of ${(count / 4) * 3} changes, in memory`,
      value: executing.ours,
      unit: 'ms',
      floorName: 'its operations',
      floor: executing.floor,
      target: 3,
    },
  ];
}

async function executeOn(meta: LocalMetaClient, text: string): Promise<void> {
  const target = {
    data: () => meta.data(),
    mutate: async <T>(operation: (meta: LocalMetaClient) => T | Promise<T>) => operation(meta),
  };
  const { results, error } = await executeQuery(target, text, { atomic: true });
  const failure = error ?? results?.find((result) => result.error !== undefined)?.error;
  if (failure !== undefined) throw new Error(failure);
}

async function operateOn(meta: LocalMetaClient): Promise<void> {
  for (let at = 0; at < count / 4; at++) {
    const database = `db ${at}`;
    const month = { name: 'month', duration: '30d', replicaN: 1, shardGroupDuration: '1d' };
    await meta.createDatabaseWithRetentionPolicy(database, month);
    await meta.createRetentionPolicy(database, { name: 'year', duration: '52w', replicaN: 1 }, false);
    const select = `SELECT mean(v) AS v INTO "${database}".year.m FROM "${database}".month.m WHERE host =~ /^web;/ GROUP BY time(1h), *`;
    await meta.createContinuousQuery(
      database,
      'hourly',
      `CREATE CONTINUOUS QUERY hourly ON "${database}" BEGIN ${select} END`,
    );
  }
}
