import { ClusterTarget } from '../src/cli/cluster-target.js';
import { CfluxClient } from '../src/client/cflux-client.js';
import { executeQuery } from '../src/influxql/execute/execute-query.js';
import { parseStatements } from '../src/influxql/parse-statements.js';
import { createManagerServer, Manager, MemoryStore } from '../src/manager/index.js';
import { encodeMetadata } from '../src/meta/codec/encode-metadata.js';
import { LocalMetaClient } from '../src/meta/local-meta-client.js';
import { HttpTransport } from '../src/transport/http-transport.js';
import { measurePair, type Pair } from './measure.js';
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

/** Parsing beside `JSON.parse` of a text of that size, and an atomic script beside its operations in memory with one push. */
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
  const served = await createManagerServer(new Manager({ store: new MemoryStore() }), { port: 0 });
  const transport = new HttpTransport({ endpoint: served.url });
  try {
    const runs = { rounds: 21, warmUp: 30 };
    const targets = await readTargets(transport, runs.rounds + runs.warmUp);
    const executing = await measurePair(
      async () => execute(targets.pop() ?? targetOn(transport, 'none'), changes, true),
      () => operateAndPush(transport),
      runs,
    );
    return [...figures(parsing, executing), await oneStatement(served.url, transport)];
  } finally {
    await transport.close();
    await served.close();
  }
}

function figures(parsing: Pair, executing: Pair): Figure[] {
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
      name: `an atomic script of ${(count / 4) * 3} changes, as one version`,
      value: executing.ours,
      unit: 'ms',
      floorName: 'its operations in memory, and one push',
      floor: executing.floor,
      target: 3,
    },
  ];
}

let clusters = 0;

const targetOn = (transport: HttpTransport, cluster: string) =>
  new ClusterTarget({ transport, cluster, createCluster: true, allowNoAdmin: false, timeout: 30_000 });

async function execute(target: ClusterTarget, text: string, atomic: boolean): Promise<void> {
  const { results, error } = await executeQuery(target, text, { atomic });
  const failure = error ?? results?.find((result) => result.error !== undefined)?.error;
  if (failure !== undefined) throw new Error(failure);
}

/** Targets that have read their cluster, each its own. */
async function readTargets(transport: HttpTransport, length: number): Promise<ClusterTarget[]> {
  const targets = Array.from({ length }, () => targetOn(transport, `ours-${clusters++}`));
  for (const target of targets) await target.data();
  return targets;
}

async function operateAndPush(transport: HttpTransport): Promise<void> {
  const meta = new LocalMetaClient();
  await operateOn(meta);
  const snapshot = encodeMetadata(meta.data());
  await transport.push({ cluster: `floor-${clusters++}`, version: 0, snapshot, mutation: `m-${clusters}` });
}

/** A statement on the metadata of a thousand databases, on a target that has read it, beside the same call of a client. */
async function oneStatement(endpoint: string, transport: HttpTransport): Promise<Figure> {
  const client = new CfluxClient(new LocalMetaClient(), { endpoint, cluster: 'client' });
  await client.open();
  const target = targetOn(transport, 'target');
  try {
    const many = Array.from({ length: count }, (_, at) => `CREATE DATABASE "db ${at}"`).join(';');
    await executeQuery(client, many, { atomic: true });
    await execute(target, many, true);
    let [ours, its] = [0, 0];
    const pair = await measurePair(
      () => execute(target, `CREATE DATABASE "one ${ours++}"`, false),
      () => client.createDatabase(`one ${its++}`),
    );
    return {
      name: 'a statement on a cluster of 1,000 databases, over HTTP',
      value: pair.ours,
      unit: 'ms',
      floorName: 'the same change by a CfluxClient',
      floor: pair.floor,
      target: 1.3,
    };
  } finally {
    await client.close();
  }
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
