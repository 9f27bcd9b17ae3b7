import { expect, it } from 'vitest';
import { CfluxError } from '../../src/errors.js';
import type { BoundParameters } from '../../src/influxql/bound-parameters.js';
import { continuousQueryText } from '../../src/influxql/continuous-query-text.js';
import { parseStatements } from '../../src/influxql/parse-statements.js';
import { sameQueryText } from '../../src/influxql/same-query-text.js';
import { LocalMetaClient } from '../../src/meta/local-meta-client.js';
import type { MetaData } from '../../src/meta/records.js';
import { recorded } from './support/fixtures.js';

interface Recorded {
  readonly q: string;
  readonly url?: { readonly db?: string; readonly rp?: string; readonly params?: string };
  readonly stored?: string;
  readonly body?: string;
}

/** The databases that the recorded server had. */
async function recordedMetadata(): Promise<MetaData> {
  const meta = new LocalMetaClient();
  for (const name of ['d', 'e', 'my db', 'sc']) await meta.createDatabase(name);
  await meta.createRetentionPolicy('d', { name: 'r', duration: '2d' }, false);
  await meta.createRetentionPolicy('d', { name: 'r p', duration: '2d' }, false);
  await meta.createRetentionPolicy('e', { name: 'autogen2' }, false);
  return meta.data();
}

/** Bound values arrive as JSON, where a number with a point is not an integer. */
const bound = (json: string | undefined): BoundParameters => ({
  ...JSON.parse(json ?? '{}'),
  ...(json?.includes('"f":2.50') ? { f: { float: 2.5 } } : {}),
});

function stored(data: MetaData, { q, url = {} }: Recorded, numbers: 'full' | 'threeDecimals'): string {
  try {
    const [placed] = parseStatements(q, bound(url.params));
    if (placed?.statement.kind !== 'createContinuousQuery') return 'another statement';
    const place = { database: url.db ?? '', retentionPolicy: url.rp ?? '' };
    return continuousQueryText(placed.statement, data, place, { numbers, portable: false });
  } catch (error) {
    if (error instanceof CfluxError) return error.message;
    throw error;
  }
}

const refusedBy = (body: string) => {
  const { error, results } = JSON.parse(body);
  return error?.replace('error parsing query: ', '') ?? results[0].error;
};

/** The text that holds more than it should: it is refused here. */
const isForged = ({ q }: Recorded) => q.includes('DISTINCT "a b"');

it('stores a continuous query as a real server does', async () => {
  const data = await recordedMetadata();
  const lines = recorded<Recorded>('cq.jsonl').filter((line) => !isForged(line));
  const differences = lines
    .map((line) => ({
      line,
      real: line.stored ?? refusedBy(line.body ?? ''),
      ours: stored(data, line, 'threeDecimals'),
    }))
    .filter(({ real, ours }) => real !== ours)
    .map(({ line, real, ours }) => ({ q: line.q, real, ours }));
  expect(differences).toEqual([]);
});

it('stores numbers in full precision, and finds them equal to the rounded ones of an older server', async () => {
  const data = await recordedMetadata();
  for (const line of recorded<Recorded>('cq.jsonl')) {
    if (line.stored === undefined || isForged(line)) continue;
    expect([line.q, sameQueryText(stored(data, line, 'full'), line.stored, 'threeDecimals')]).toEqual([
      line.q,
      true,
    ]);
  }
});

it('refuses names that a server would store without quotes, as other statements', async () => {
  const data = await recordedMetadata();
  const attack = `v INTO d.autogen.x FROM d.autogen.y END; CREATE USER evil WITH PASSWORD 'x' WITH ALL PRIVILEGES; --`;
  const hostile = [
    `SELECT DISTINCT "${attack}" INTO x FROM y`,
    `SELECT count(DISTINCT "${attack}") INTO x FROM y GROUP BY time(5m)`,
    `SELECT v INTO x FROM (SELECT DISTINCT "${attack}" FROM y)`,
    `SELECT "${attack}"(v) INTO x FROM y GROUP BY time(5m)`,
    `SELECT v INTO x FROM y WHERE a = "${attack}"(v)`,
  ];
  for (const select of hostile) {
    const q = `CREATE CONTINUOUS QUERY c ON d BEGIN ${select} END`;
    expect(stored(data, { q }, 'full')).toMatch(/without quotes/);
  }
});

it('refuses a bound regular expression that would swallow what follows', async () => {
  const data = await recordedMetadata();
  const q = 'CREATE CONTINUOUS QUERY c ON d BEGIN SELECT v INTO x FROM y WHERE a =~ $r OR b = $s END';
  const params = JSON.stringify({ r: { regex: 'a\\\\' }, s: `/ END; DROP DATABASE d --` });
  expect(stored(data, { q, url: { params } }, 'full')).toMatch(/read as another statement/);
});
