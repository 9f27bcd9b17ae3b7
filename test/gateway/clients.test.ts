import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { labManager } from '../influxdb/support/fleet.js';
import { names } from '../influxdb/support/lab.js';
import { describeWithModule, describeWithServer } from '../support/servers.js';
import { exchange, query, type Sent } from './support/exchange.js';
import { gatewayNode } from './support/gateway-lab.js';

const execute = promisify(execFile);
const success = '{"results":[{"statement_id":0}]}\n';

const program = `
import sys
from influxdb import InfluxDBClient
from influxdb.exceptions import InfluxDBClientError
client = InfluxDBClient(sys.argv[1], int(sys.argv[2]), database='x')
client.create_database('x')
client.create_retention_policy('p', '2d', 1, default=True)
client.create_user('u', 'secret')
client.grant_privilege('read', 'x', 'u')
client.write_points([{'measurement': 'm', 'fields': {'v': 1.5}}])
client.create_continuous_query('c', 'SELECT mean(v) INTO n FROM m GROUP BY time(1m)', 'x')
print([d['name'] for d in client.get_list_database()])
print([p['name'] for p in client.get_list_retention_policies('x')])
print(client.get_list_users(), client.get_list_privileges('u'))
print(client.get_list_continuous_queries())
try:
    client.drop_user('nobody')
except InfluxDBClientError as error:
    print('refused:', error)
client.drop_database('x')
print(client.get_list_database())
`;

describeWithModule('python3', 'influxdb', 'python3-influxdb', 'the Python client at a gateway', () => {
  it('creates, writes, reads and drops, by MessagePack', async () => {
    const { gateway, influxd, client } = await gatewayNode((await labManager()).url);
    const { hostname, port } = new URL(gateway.url);
    const { stdout } = await execute('/usr/bin/python3', ['-c', program, hostname, port]);
    expect(stdout.split('\n')).toEqual([
      "['x']",
      "['autogen', 'p']",
      "[{'user': 'u', 'admin': False}] [{'database': 'x', 'privilege': 'READ'}]",
      expect.stringContaining('CREATE CONTINUOUS QUERY c ON x BEGIN SELECT mean(v) INTO x.p.n FROM x.p.m'),
      'refused: user not found',
      '[]',
      '',
    ]);
    expect(await names(influxd, 'SHOW DATABASES')).toEqual([]);
    expect((await client.users()).map(({ name }) => name)).toEqual(['u']);
  });
});

/** Requests as these programs send them. */
const requests: readonly (readonly [client: string, request: Sent, expected: string | RegExp])[] = [
  [
    'telegraf',
    {
      ...query('CREATE DATABASE "telegraf"'),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'User-Agent': 'telegraf' },
    },
    success,
  ],
  [
    'the Go client',
    {
      method: 'POST',
      path: '/query?chunked=true&db=&epoch=ns&params=null&q=CREATE+DATABASE+go',
      headers: { 'Content-Type': '' },
    },
    success,
  ],
  ['the Node client', { method: 'POST', path: '/query?q=create%20database%20%22node%22' }, success],
  [
    'Chronograf',
    { method: 'POST', path: '/query?db=&epoch=ms&q=CREATE+DATABASE+%22chronograf%22&rp=' },
    success,
  ],
  [
    'Grafana',
    { method: 'GET', path: '/query?db=telegraf&epoch=ms&q=SHOW+RETENTION+POLICIES+on+%22telegraf%22' },
    /autogen/,
  ],
  ['Kapacitor, which lists', { method: 'POST', path: '/query?db=&q=SHOW+DATABASES' }, /telegraf/],
  [
    'Kapacitor, which subscribes',
    {
      method: 'POST',
      path: `/query?db=&q=${encodeURIComponent(`CREATE SUBSCRIPTION "kapacitor-1" ON "telegraf"."autogen" DESTINATIONS ANY 'http://kapacitor:9092'`)}`,
    },
    success,
  ],
];

describeWithServer('influxd', 'requests of other programs at a gateway', () => {
  it('have the responses that those programs expect', async () => {
    const { gateway, client } = await gatewayNode((await labManager()).url);
    for (const [name, request, expected] of requests) {
      const { status, body } = await exchange(gateway.url, request);
      expect({ name, status, body }).toEqual({
        name,
        status: 200,
        body: typeof expected === 'string' ? expected : expect.stringMatching(expected),
      });
    }
    expect((await client.databases()).map(({ name }) => name)).toEqual([
      'telegraf',
      'go',
      'node',
      'chronograf',
    ]);
    expect((await client.retentionPolicy('telegraf', 'autogen'))?.subscriptions).toEqual([]);
  });
});
