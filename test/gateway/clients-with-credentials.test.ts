import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { InfluxDB } from 'influx';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWithGo, describeWithModule, describeWithServer } from '../support/servers.js';
import { exchange, query, type Sent } from './support/exchange.js';
import { basic, type GuardedLab, type GuardedNode, guardedLab, root, secret } from './support/guarded-lab.js';
import { runGo } from './support/run-go.js';
import { seconds, tokenOf } from './support/tokens.js';

const execute = promisify(execFile);
const bob = { name: 'bob', password: 'b:ö b' };

const program = `
import sys
from influxdb import InfluxDBClient
from influxdb.exceptions import InfluxDBClientError
host, port = sys.argv[1], int(sys.argv[2])
admin = InfluxDBClient(host, port, 'root', 'r00t', database='x')
admin.create_database('x')
admin.create_user('py', 'secret')
admin.grant_privilege('all', 'x', 'py')
user = InfluxDBClient(host, port, 'py', 'secret', database='x')
user.write_points([{'measurement': 'm', 'fields': {'v': 1.5}}])
print([point['v'] for point in user.query('SELECT v FROM m').get_points()])
for client in [user, InfluxDBClient(host, port, 'py', 'wrong')]:
    try:
        client.create_database('y')
    except InfluxDBClientError as error:
        print(error.code)
admin.drop_database('x')
print(admin.get_list_users())
`;

let lab: GuardedLab;
let node: GuardedNode;
const begin = async () => {
  lab = await guardedLab(1);
  [node] = lab.nodes as [GuardedNode];
};

describeWithModule(
  'python3',
  'influxdb',
  'python3-influxdb',
  'R32: the Python client with credentials',
  () => {
    beforeAll(begin, 60_000);
    afterAll(() => lab.close());

    it('logs in, changes what its user may change, and is refused otherwise', async () => {
      const { hostname, port } = new URL(node.gateway.url);
      const { stdout } = await execute('/usr/bin/python3', ['-c', program, hostname, port]);
      expect(stdout.split('\n')).toEqual([
        '[1.5]',
        '403',
        '401',
        "[{'user': 'root', 'admin': True}, {'user': 'py', 'admin': False}]",
        '',
      ]);
    });
  },
);

describeWithGo(
  {
    path: 'github.com/influxdata/influxdb1-client/v2',
    debianPackage: 'golang-github-influxdata-influxdb1-client-dev',
  },
  'R32: the Go client with credentials',
  () => {
    beforeAll(begin, 60_000);
    afterAll(() => lab.close());

    it('logs in, changes what its user may change, and is refused otherwise', async () => {
      expect(await runGo('client-with-credentials.go', node.gateway.url)).toEqual([
        '1.5',
        "refused: error authorizing query: go not authorized to execute statement 'CREATE DATABASE y', requires admin privilege",
        'refused: authorization failed',
        'write refused: {"error":"authorization failed"}',
        '',
        'refused: unable to parse authentication credentials',
        '[[root true] [go false]]',
        '',
      ]);
    }, 120_000);
  },
);

describeWithServer('influxd', 'R32: the Node client with credentials', () => {
  beforeAll(begin, 60_000);
  afterAll(() => lab.close());

  it('logs in by its URL, changes what its user may change, and is refused otherwise', async () => {
    const { hostname, port } = new URL(node.gateway.url);
    const clientOf = (username: string, password: string) =>
      new InfluxDB({ host: hostname, port: Number(port), database: 'n', username, password });
    const admin = clientOf(root.name, root.password);
    await admin.createDatabase('n');
    await admin.createUser('node', bob.password);
    await admin.query('GRANT ALL ON n TO node');
    const user = clientOf('node', bob.password);
    await user.writePoints([{ measurement: 'm', fields: { v: 1.5 } }]);
    expect([...(await user.query('SELECT v FROM m'))]).toMatchObject([{ v: 1.5 }]);
    await expect(user.createDatabase('y')).rejects.toThrow('requires admin privilege');
    const stranger = clientOf('node', 'wrong');
    await expect(stranger.query('SELECT v FROM m')).rejects.toThrow('authorization failed');
    await expect(stranger.writePoints([{ measurement: 'm', fields: { v: 2 } }])).rejects.toThrow(
      'authorization failed',
    );
    await admin.setPassword('node', 'other');
    await expect(user.query('SELECT v FROM m')).rejects.toThrow('authorization failed');
    expect([...(await clientOf('node', 'other').query('SELECT v FROM m'))]).toHaveLength(1);
    await admin.dropUser('node');
    expect([...(await admin.getUsers())]).toMatchObject([{ user: 'root', admin: true }]);
  });
});

describeWithServer('influx', 'R32: other programs with credentials', () => {
  beforeAll(begin, 60_000);
  afterAll(() => lab.close());

  it('log in as each of them does, each at first with a user that the server lacks', async () => {
    for (const text of [
      'CREATE DATABASE x',
      `CREATE USER bob WITH PASSWORD '${bob.password}'`,
      'GRANT ALL ON x TO bob',
    ])
      expect((await node.ask(root, text)).status).toBe(200);
    const exp = seconds() + 60;
    const inUrl = (login: typeof bob) => new URLSearchParams({ u: login.name, p: login.password }).toString();
    const requests: Readonly<Record<string, (login: typeof bob) => Sent>> = {
      telegraf: (login) => ({ method: 'POST', path: '/write?db=x', body: 'm v=1', headers: basic(login) }),
      Grafana: (login) => ({
        method: 'GET',
        path: '/query?db=x&epoch=ms&q=SHOW+RETENTION+POLICIES',
        headers: basic(login),
      }),
      'the Node client': (login) => ({ method: 'POST', path: `/query?${inUrl(login)}&q=show%20databases` }),
      Chronograf: ({ name }) => ({
        ...query('SHOW DATABASES'),
        headers: {
          ...query('').headers,
          Authorization: `Bearer ${tokenOf({ username: name, exp }, secret, 'HS512')}`,
        },
      }),
    };
    for (const [name, request] of Object.entries(requests)) {
      await node.influxd.query('DROP USER bob', { username: root.name, password: root.password });
      await node.mirror.converge(await node.client.data(), {
        version: node.client.status.version,
        epoch: node.client.status.epoch ?? '',
      });
      expect([name, (await exchange(node.gateway.url, request(bob))).status]).toEqual([
        name,
        name === 'telegraf' ? 204 : 200,
      ]);
      if (name === 'Chronograf') continue;
      const wrong = await exchange(node.gateway.url, request({ ...bob, password: 'x' }));
      expect([name, wrong.status, wrong.body]).toEqual([name, 401, '{"error":"authorization failed"}\n']);
    }
  });

  it.each(['flags', 'environment'])('the influx client, with credentials in its %s', async (place) => {
    const { hostname, port } = new URL(node.gateway.url);
    const influx = async (login: typeof bob, text: string) => {
      const isInFlags = place === 'flags';
      const account = isInFlags ? ['-username', login.name, '-password', login.password] : [];
      const env = isInFlags ? {} : { INFLUX_USERNAME: login.name, INFLUX_PASSWORD: login.password };
      const { stdout } = await execute(
        'influx',
        ['-host', hostname, '-port', port, ...account, '-execute', text],
        { env: { ...process.env, ...env } },
      );
      return stdout;
    };
    expect(await influx(root, 'CREATE DATABASE y')).toBe('');
    expect(await influx(bob, 'SHOW DATABASES')).not.toContain('y');
    await expect(influx(bob, 'DROP DATABASE y')).rejects.toMatchObject({
      stdout: expect.stringContaining('requires admin privilege'),
    });
    await expect(influx({ ...bob, password: 'x' }, 'SHOW DATABASES')).rejects.toMatchObject({
      stdout: expect.stringContaining('authorization failed'),
    });
  });
});
