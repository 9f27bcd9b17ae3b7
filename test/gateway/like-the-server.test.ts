import { expect, it } from 'vitest';
import { labManager } from '../influxdb/support/fleet.js';
import { server } from '../influxdb/support/lab.js';
import { recorded } from '../influxql/support/fixtures.js';
import { describeWithServer } from '../support/servers.js';
import { exchange, query, type Received, type Sent } from './support/exchange.js';
import { gatewayNode } from './support/gateway-lab.js';
import { randomRequests } from './support/random-requests.js';

/** Sends the same requests to a gateway and to a server of its own, and returns where the responses differ. */
async function differences(requests: readonly Sent[]): Promise<unknown[]> {
  const manager = await labManager();
  const { gateway } = await gatewayNode(manager.url);
  const alone = await server();
  const odd: unknown[] = [];
  for (const request of requests) {
    const [given, expected] = [await exchange(gateway.url, request), await exchange(alone.url, request)];
    if (JSON.stringify(shown(given)) !== JSON.stringify(shown(expected)))
      odd.push({ request, given, expected });
  }
  return odd;
}

/** The order of an object's keys is not that of headers; a grant list has none. */
const shown = ({ status, headers, body }: Received) => ({
  status,
  headers: Object.entries(headers),
  body,
});

interface Recorded extends Sent {
  readonly name: string;
}

/** A sixth of what was recorded; all of it at night: `RECORDED=all`. */
const some = <Each>(list: readonly Each[]): readonly Each[] =>
  process.env['RECORDED'] === 'all' ? list : list.filter((_, at) => at % 6 === 0);

/** A number that InfluxDB stores with an exponent, and a name that it stores without its quotes, which may be another statement. */
const differing = /fill\(1000000|DISTINCT "a b"/i;

describeWithServer('influxd', 'a gateway responds like the server that it stands before', () => {
  it('R30, R31: to every form of request that was recorded', async () => {
    const requests = recorded<Recorded>('http.jsonl');
    expect(await differences([query('CREATE DATABASE d'), ...requests])).toEqual([]);
  });

  it('R30, R31: to a random stream of requests, in every format, well formed and not', async () => {
    const seed = Number(process.env['FUZZ_SEED'] ?? 7);
    const count = Number(process.env['FUZZ_RUNS'] ?? 100);
    const odd = await differences([...randomRequests(seed, count)]);
    expect({ seed, odd: odd.slice(0, 3) }).toEqual({ seed, odd: [] });
  });

  it('R31: to every text that was recorded, accepted or not', async () => {
    const texts = recorded<{ readonly q: string }>('parse.jsonl').filter(({ q }) => !q.includes('\0'));
    expect(await differences(some(texts).map(({ q }) => query(q)))).toEqual([]);
  });

  it('R31: to every continuous query that was recorded', async () => {
    const texts = recorded<{ readonly q: string; readonly url?: Readonly<Record<string, string>> }>(
      'cq.jsonl',
    ).filter(({ q }) => !differing.test(q));
    const setUp = [
      'CREATE DATABASE d',
      'CREATE RETENTION POLICY r ON d DURATION 2d REPLICATION 1',
      'CREATE RETENTION POLICY "r p" ON d DURATION 2d REPLICATION 1',
      'CREATE DATABASE e',
      'CREATE RETENTION POLICY autogen2 ON e DURATION 2d REPLICATION 1',
      'CREATE DATABASE "my db"',
      'CREATE DATABASE sc',
    ];
    const requests = some(texts).flatMap(({ q, url = {} }) => [
      { ...query(q), path: `/query?${new URLSearchParams(url)}` },
      query('SHOW CONTINUOUS QUERIES'),
      query('DROP CONTINUOUS QUERY c ON d'),
    ]);
    expect(await differences([...setUp.map((text) => query(text)), ...requests])).toEqual([]);
  });
});
