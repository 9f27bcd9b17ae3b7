import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LocalMetaClient, parseDuration } from '../../../src/index.js';
import { InfluxMirror } from '../../../src/influxdb/index.js';

/*
 * Reads texts of 400,000 characters, each built against a pattern that backtracks: with work that grows with the square of the
 * length one of them takes an hour. Prints a line for each.
 */
const length = 400_000;
const say = (text: string) => process.stdout.write(`${text}\n`);
const many = (part: string) => part.repeat(length / part.length);

/** The response of the server; `undefined` if each statement was executed. */
let answer: string | undefined;
const server = createServer(async (request, response) => {
  let body = '';
  for await (const part of request) body += String(part);
  const statements = new URLSearchParams(body).get('q')?.split('; ').length ?? 0;
  const executed = Array.from({ length: statements }, (_, i) => ({ results: [{ statement_id: i }] }));
  response.end(answer ?? executed.map((result) => JSON.stringify(result)).join('\n'));
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const { port } = server.address() as AddressInfo;
const mirror = new InfluxMirror({ url: `http://127.0.0.1:${port}`, snapshot: false, timeout: 600_000 });

async function converge(query: string): Promise<void> {
  const meta = new LocalMetaClient();
  await meta.createDatabase('d');
  await meta.createContinuousQuery('d', 'q', query);
  await mirror.converge(meta.data()).catch(() => undefined);
}

const head = 'CREATE CONTINUOUS QUERY q ON d BEGIN SELECT mean(v) INTO m FROM';
for (const [name, query] of Object.entries({
  'blanks inside': `${head} x${many(' ')}GROUP BY time(1h) END`,
  'semicolons inside': `${head} x WHERE h = '${many(';')}' END`,
  'blanks before the head': `${many(' ')}x`,
  'blanks inside the head': `CREATE${many(' ')}x`,
  'blanks after the name': `CREATE CONTINUOUS QUERY q${many(' ')}x`,
  'a name that does not end': `CREATE CONTINUOUS QUERY "${many('\\"')}`,
  backslashes: `${head} x WHERE h = '${many('\\')}' END`,
  slashes: `${head} x WHERE ${many('/')} END`,
})) {
  await converge(query);
  say(name);
}

const duration = (text: string) => ({
  results: [{ series: [{ columns: ['name', 'duration'], values: [['autogen', text]] }] }],
});
for (const [name, text] of Object.entries({
  'an answer of quotes': many('"\\'),
  'an answer of digits': many('1'),
  'an answer of marks': JSON.stringify(Array.from({ length: 50_000 }, (_, i) => `bigint ${i}: `)),
  'a number without end': `{"results":[${many('9')}]}`,
  'a duration of digits': JSON.stringify(duration(many('9'))),
  'a duration with many decimals': JSON.stringify(duration(`0.${many('9')}s`)),
})) {
  answer = text;
  await converge(`${head} x END`);
  say(name);
}

for (const text of [many('9'), `${many('9')}s`, many('1s'), `${many('0')}1s`]) {
  try {
    parseDuration(text);
  } catch {}
}
say('durations');

for (const url of [`http://127.0.0.1:1/${many('/')}x`, `http://127.0.0.1:1/${many('/x')}`]) {
  try {
    await new InfluxMirror({ url }).close();
  } catch {}
}
say('addresses');
await mirror.close();
server.close();
