import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { InfluxDB } from 'influx';
import { expect, it } from 'vitest';
import { labManager } from '../influxdb/support/fleet.js';
import { names } from '../influxdb/support/lab.js';
import { describeWithGo, describeWithModule, describeWithServer } from '../support/servers.js';
import { exchange, query, type Sent } from './support/exchange.js';
import { gatewayNode } from './support/gateway-lab.js';
import { runGo } from './support/run-go.js';

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

describeWithGo(
  {
    path: 'github.com/influxdata/influxdb1-client/v2',
    debianPackage: 'golang-github-influxdata-influxdb1-client-dev',
  },
  'the Go client at a gateway',
  () => {
    it('creates, writes, reads and drops', async () => {
      const { gateway, influxd, client } = await gatewayNode((await labManager()).url);
      expect(await runGo('client.go', gateway.url)).toEqual([
        'version true',
        '1.5',
        '[[u false]]',
        'refused: user not found',
        '0 0',
        '1 1',
        '0',
        '',
      ]);
      expect(await names(influxd, 'SHOW DATABASES')).toEqual([]);
      expect((await client.users()).map(({ name }) => name)).toEqual(['u']);
    }, 120_000);
  },
);

describeWithServer('influxd', 'the Node client at a gateway', () => {
  it('creates, writes, reads and drops, and keeps its host when a statement fails', async () => {
    const { gateway, influxd, client } = await gatewayNode((await labManager()).url);
    const { hostname, port } = new URL(gateway.url);
    const influx = new InfluxDB({ host: hostname, port: Number(port), database: 'x' });
    expect(await influx.ping(1_000)).toMatchObject([{ online: true }]);
    await influx.createDatabase('x');
    await influx.createRetentionPolicy('p', {
      database: 'x',
      duration: '2d',
      replication: 1,
      isDefault: true,
    });
    await influx.createUser('u', 'secret');
    await influx.grantPrivilege('u', 'READ', 'x');
    await influx.writePoints([{ measurement: 'm', fields: { v: 1.5 } }]);
    await influx.createContinuousQuery('c', 'SELECT mean(v) INTO n FROM m GROUP BY time(1m)', 'x');
    const rows = async (of: Promise<readonly unknown[]>) => [...(await of)];
    expect(await rows(influx.query('SELECT v FROM m'))).toMatchObject([{ v: 1.5 }]);
    expect(await influx.getDatabaseNames()).toEqual(['x']);
    expect(await rows(influx.showRetentionPolicies('x'))).toMatchObject([
      { name: 'autogen' },
      { name: 'p', default: true },
    ]);
    expect(await rows(influx.getUsers())).toMatchObject([{ user: 'u', admin: false }]);
    await expect(influx.dropUser('nobody')).rejects.toThrow('user not found');
    await influx.setPassword('u', 'other');
    await influx.dropContinuousQuery('c', 'x');
    await influx.dropDatabase('x');
    expect(await names(influxd, 'SHOW DATABASES')).toEqual([]);
    expect((await client.users()).map(({ name }) => name)).toEqual(['u']);
  });
});

/** The queries with which a program of this name lists what there is. */
const listings = [
  'SHOW DATABASES',
  'SHOW RETENTION POLICIES ON "telegraf"',
  'SHOW SUBSCRIPTIONS',
  'SHOW MEASUREMENTS LIMIT 100',
  'SHOW TAG KEYS FROM "cpu"',
];

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
  [
    'Grafana, by a form',
    {
      method: 'POST',
      path: '/query?db=telegraf&epoch=ms',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      body: 'q=SELECT+mean%28%22v%22%29+FROM+%22set%22+WHERE+time+%3E+now%28%29+-+1h+GROUP+BY+time%281m%29',
    },
    success,
  ],
  [
    'telegraf, which writes',
    {
      method: 'POST',
      path: '/write?consistency=any&db=telegraf&precision=ns',
      headers: { 'Content-Type': 'text/plain; charset=utf-8', 'User-Agent': 'telegraf' },
      body: 'set v=1 1',
    },
    '',
  ],
  [
    'Chronograf, which lists',
    { method: 'POST', path: '/query?db=&epoch=ms&q=SHOW+USERS%3B+SHOW+DATABASES&rp=' },
    /"columns":\["user","admin"\]/,
  ],
  ...listings.map(
    (text) =>
      [
        `Kapacitor: ${text}`,
        { method: 'POST', path: `/query?db=telegraf&q=${encodeURIComponent(text)}` },
        /^\{"results":\[\{"statement_id":0[,}]/,
      ] as const,
  ),
  [
    'Kapacitor, which subscribes',
    {
      method: 'POST',
      path: `/query?db=&q=${encodeURIComponent(`CREATE SUBSCRIPTION "kapacitor-1" ON "telegraf"."autogen" DESTINATIONS ANY 'http://kapacitor:9092'`)}`,
    },
    success,
  ],
  [
    'Kapacitor, which subscribes again after a change of its address',
    {
      method: 'POST',
      path: `/query?db=&q=${encodeURIComponent('DROP SUBSCRIPTION "kapacitor-1" ON "telegraf"."autogen"')}`,
    },
    success,
  ],
];

describeWithServer('influxd', 'requests of other programs at a gateway', () => {
  it('have the responses that those programs expect', async () => {
    const { gateway, client, influxd } = await gatewayNode((await labManager()).url);
    for (const [name, request, expected] of requests) {
      const { status, body } = await exchange(gateway.url, request);
      expect({ name, status, body }).toEqual({
        name,
        status: request.path.startsWith('/write') ? 204 : 200,
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
    expect(await names(influxd, 'SHOW SUBSCRIPTIONS')).toEqual([]);
  });
});
