import { expect, it } from 'vitest';
import { inStep, labManager } from '../influxdb/support/fleet.js';
import { atEnd, names } from '../influxdb/support/lab.js';
import { describeWithServer } from '../support/servers.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { exchange, query, type Sent } from './support/exchange.js';
import { type GatewayNode, gatewayNode, proxiedNode } from './support/gateway-lab.js';

const ask = async ({ gateway }: Pick<GatewayNode, 'gateway'>, text: string, more = {}) =>
  (await exchange(gateway.url, query(text, more))).body;
const success = '{"results":[{"statement_id":0}]}\n';
const point = (path: string): Sent => ({ method: 'POST', path, body: 'm v=1' });
const flux = (database: string) =>
  `from(bucket: "${database}/autogen") |> range(start: -1h) |> to(bucket:"${database}", org: "")`;

/** Requests that name a database; `is1x`: InfluxDB 1.6 has the endpoint. */
const requests: readonly { readonly name: string; readonly of: (database: string) => Sent }[] = [
  { name: 'write', of: (database) => point(`/write?db=${database}&precision=s`) },
  { name: 'escaped', of: (database) => point(`/writ%65?precision=s&db=%${hex(database)}`) },
  { name: 'v2', of: (database) => point(`/api/v2/write?org=&bucket=${database}`) },
  { name: 'v2policy', of: (database) => point(`/api/v2/write?bucket=${database}%2Fautogen&precision=ns`) },
  { name: 'delete', of: (database) => point(`/api/v2/delete?bucket=${database}/autogen`) },
  { name: 'promwrite', of: (database) => point(`/api/v1/prom/write?db=${database}`) },
  { name: 'promread', of: (database) => point(`/api/v1/prom/read?db=${database}`) },
  { name: 'query', of: (database) => query('SHOW MEASUREMENTS', { db: database }) },
  { name: 'get', of: (database) => ({ method: 'GET', path: `/query?q=SHOW+SERIES&db=${database}` }) },
  {
    name: 'flux',
    of: (database) => ({
      method: 'POST',
      path: '/api/v2/query',
      headers: { 'Content-Type': 'application/vnd.flux' },
      body: flux(database),
    }),
  },
  {
    name: 'fluxjson',
    of: (database) => ({
      method: 'POST',
      path: '/api/v2/query?org=x',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ query: flux(database), type: 'flux' }),
    }),
  },
];

const hex = (name: string) => `${name.charCodeAt(0).toString(16)}${name.slice(1)}`;

describeWithServer('influxd', 'a database that was created through another gateway', () => {
  it('is on this server before a request for it reaches the server, by every path that names one', async () => {
    const manager = await labManager();
    const a = await gatewayNode(manager.url);
    const b = await proxiedNode(manager.url);
    const seen: Record<string, unknown> = {};
    for (const { name, of } of requests) {
      const database = `d${name}`;
      const sent = of(database);
      const [path] = sent.path.split('?');
      b.proxy.respond = async (text, target) => {
        const isRequest =
          target.split('?')[0] === path && (path !== '/query' || text === '' || /MEASUREMENTS/.test(text));
        if (!isRequest) return undefined;
        seen[name] = (await names(b.influxd, 'SHOW DATABASES')).includes(database);
        return { status: 204, body: '' };
      };
      expect(await ask(a, `CREATE DATABASE ${database}`)).toBe(success);
      expect({ name, status: (await exchange(b.gateway.url, sent)).status }).toEqual({ name, status: 204 });
    }
    expect(seen).toEqual(Object.fromEntries(requests.map(({ name }) => [name, true])));
  });

  it('takes points for a new policy in it at once, by parameter and by bucket', async () => {
    const manager = await labManager();
    const a = await gatewayNode(manager.url);
    const b = await proxiedNode(manager.url);
    await ask(a, 'CREATE DATABASE x');
    await inStep(b, a.client.status.version);
    await b.influxd.query('CREATE RETENTION POLICY mine ON x DURATION 1d REPLICATION 1');
    const seen: unknown[] = [];
    b.proxy.respond = async (_, path) => {
      if (!path.startsWith('/api/v2/write')) return undefined;
      seen.push((await names(b.influxd, 'SHOW RETENTION POLICIES ON x')).includes('q'));
      return { status: 204, body: '' };
    };
    const policy = (name: string) => `CREATE RETENTION POLICY ${name} ON x DURATION INF REPLICATION 1`;
    expect(await ask(a, policy('p'))).toBe(success);
    expect(await exchange(b.gateway.url, point('/write?db=x&rp=p'))).toMatchObject({ status: 204 });
    expect(await ask(a, policy('q'))).toBe(success);
    expect(await exchange(b.gateway.url, point('/api/v2/write?bucket=x/q'))).toMatchObject({ status: 204 });
    expect(seen).toEqual([true]);
    expect(await exchange(b.gateway.url, point('/write?db=x&rp=mine'))).toMatchObject({ status: 204 });
    expect((await exchange(b.gateway.url, point('/write?db=x&rp=nope'))).body).toContain('policy not found');
  });

  it('takes points of Prometheus at once, and those in it are read', async () => {
    const manager = await labManager();
    const [a, b] = [await gatewayNode(manager.url), await gatewayNode(manager.url)];
    await ask(a, 'CREATE DATABASE one; CREATE DATABASE two');
    const write = { ...point('/api/v1/prom/write?db=one'), body: snappy(writeRequest()) };
    expect(await exchange(b.gateway.url, write)).toMatchObject({ status: 204, body: '' });
    expect(await names(b.influxd, 'SELECT value FROM one..m')).toHaveLength(1);
    const read = { ...point('/api/v1/prom/read?db=two'), body: snappy('') };
    expect((await exchange(b.gateway.url, read)).status).not.toBe(404);
  });

  it('that does not exist is the server’s 404, also while the manager is away', async () => {
    const manager = await labManager();
    const proxy = await TcpProxy.start(manager.url);
    atEnd(() => proxy.close());
    const a = await gatewayNode(proxy.url);
    const expected = { status: 404, body: '{"error":"database not found: \\"nope\\""}\n' };
    expect(await exchange(a.gateway.url, point('/write?db=nope'))).toMatchObject(expected);
    proxy.impose('both', { kind: 'swallow' });
    const many = Array.from({ length: 20 }, () => exchange(a.gateway.url, point('/write?db=nope')));
    for (const response of await Promise.all(many)) expect(response).toMatchObject(expected);
  });

  it('R30: a Flux script passes byte for byte, whatever it names', async () => {
    const manager = await labManager();
    const a = await proxiedNode(manager.url);
    const bodies: string[] = [];
    a.proxy.respond = (_, path, body) => {
      if (!path.startsWith('/api/v2/query')) return undefined;
      bodies.push(body);
      return { status: 200, body: 'ok' };
    };
    const scripts = [
      '',
      '{',
      '{"query":7}',
      'from(bucket: "a\\"b/c")',
      `${'x'.repeat(3 * 2 ** 20)} bucket: "y"`,
    ];
    for (const body of scripts) {
      const { status } = await exchange(a.gateway.url, { method: 'POST', path: '/api/v2/query', body });
      expect(status).toBe(200);
    }
    expect(bodies.map((body) => body.length)).toEqual(scripts.map((script) => script.length));
    expect(bodies).toEqual(scripts);
  });
});

/** A WriteRequest of Prometheus with one sample of the metric `m`: protocol buffers, one character for each byte. */
function writeRequest(): string {
  const field = (tag: number, bytes: string) => String.fromCharCode(tag, bytes.length) + bytes;
  const label = field(0x0a, field(0x0a, '__name__') + field(0x12, 'm'));
  const sample = field(0x12, '\x09\x00\x00\x00\x00\x00\x00\xf0\x3f\x10\x01');
  return field(0x0a, label + sample);
}

/** The block format of Snappy with one literal. */
const snappy = (bytes: string) =>
  bytes === '' ? '\x00' : String.fromCharCode(bytes.length, (bytes.length - 1) << 2) + bytes;

describeWithServer('influxd', 'a gateway that waits for all servers', () => {
  it('responds when each server has the change', async () => {
    const manager = await labManager();
    const [a, b, c] = [
      await gatewayNode(manager.url, { gateway: { wait: 'all', statementTimeout: 20_000 } }),
      await gatewayNode(manager.url),
      await gatewayNode(manager.url),
    ];
    // A manager that has just started does not know all nodes for one time to live.
    for (const text of ['CREATE DATABASE x', 'CREATE RETENTION POLICY p ON x DURATION 1d REPLICATION 1']) {
      expect(await ask(a, text)).toBe(success);
      for (const { influxd } of [b, c]) {
        expect(await names(influxd, 'SHOW DATABASES')).toContain('x');
        expect((await names(influxd, 'SHOW RETENTION POLICIES ON x')).includes('p')).toBe(
          text.includes('POLICY'),
        );
      }
    }
  });

  it('names a server that is behind in a message of each result, in every format, and succeeds', async () => {
    const manager = await labManager();
    const a = await gatewayNode(manager.url, { gateway: { wait: 'all' } });
    const b = await proxiedNode(manager.url);
    b.proxy.respond = (text) => (text.startsWith('CREATE') ? 'silence' : undefined);
    const message = new RegExp(
      `^the change was made as version \\d+, and this server has it; not all nodes have version .*: behind: .*node ${b.client.status.nodeId} `,
    );
    expect(JSON.parse(await ask(a, 'CREATE DATABASE x'))).toEqual({
      results: [{ statement_id: 0, messages: [{ level: 'warning', text: expect.stringMatching(message) }] }],
    });
    const got = await exchange(a.gateway.url, {
      method: 'GET',
      path: '/query?q=CREATE+DATABASE+z&chunked=true',
    });
    expect(JSON.parse(got.body).results[0].messages).toEqual([
      { level: 'warning', text: expect.stringContaining('deprecated use of') },
      { level: 'warning', text: expect.stringMatching(message) },
    ]);
    const form = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const packed = await exchange(a.gateway.url, {
      ...query('CREATE DATABASE w'),
      headers: { ...form, Accept: 'application/x-msgpack' },
    });
    expect(packed.body).toContain('and this server has it; not all nodes have version');
    expect(await names(a.influxd, 'SHOW DATABASES')).toEqual(['x', 'z', 'w']);
  });
});
