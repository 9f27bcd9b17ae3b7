import type { CfluxError } from 'clusterflux';
import { readInfluxMetadata } from 'clusterflux/influxdb';
import { describe, expect, it } from 'vitest';
import { describeWithServer } from '../support/servers.js';
import { answeringProxy, failed, type Response } from './support/answering-proxy.js';
import { database, metadata, user } from './support/build.js';
import { directory, mirror, names, server } from './support/lab.js';
import { StubSource } from './support/stub-source.js';

const cluster = (...databases: string[]) => metadata({ databases: databases.map((name) => database(name)) });

/** The error that a promise rejects with. */
const errorOf = (promise: Promise<unknown>): Promise<CfluxError> =>
  promise.then(
    () => Promise.reject(new Error('it did not reject')),
    (error: CfluxError) => error,
  );

describeWithServer('influxd', 'R34: trouble of the server in a response with status 200', () => {
  it('leaves no later step out, and counts as a refusal after the third try', async () => {
    const influxd = await server();
    const proxy = await answeringProxy(influxd.url);
    proxy.respond = (text) =>
      text.startsWith('CREATE DATABASE "b"') ? failed('the server feels strange') : undefined;
    const its = mirror(proxy, { snapshot: influxd.snapshot });
    const wanted = cluster('a', 'b', 'c');
    for (let attempt = 1; attempt <= 2; attempt++) {
      expect(await errorOf(its.converge(wanted))).toMatchObject({
        code: 'UNAVAILABLE',
        retryable: true,
        message: expect.stringContaining('the server feels strange'),
      });
      expect(await names(influxd, 'SHOW DATABASES')).toEqual(['a', 'c']);
    }
    expect(await its.converge(wanted)).toMatchObject({
      refused: [{ item: { database: 'b' }, reason: 'the server feels strange' }],
    });
    proxy.respond = () => undefined;
    expect((await its.converge(wanted)).done).toHaveLength(1);
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['a', 'c', 'b']);
  });

  it.each([
    'open /var/lib/influxdb/meta/meta.dbtmp: permission denied',
    'write /var/lib/influxdb/meta/meta.dbtmp: no space left on device',
    'max-concurrent-queries limit exceeded(10, 10)',
    'timeout',
  ])('never becomes a refusal if it is certainly the server’s own: %s', async (text) => {
    const influxd = await server();
    const proxy = await answeringProxy(influxd.url);
    proxy.respond = (statement) => (statement.startsWith('CREATE') ? failed(text) : undefined);
    const its = mirror(proxy, { snapshot: influxd.snapshot });
    for (let attempt = 1; attempt <= 4; attempt++) {
      expect(await errorOf(its.converge(cluster('a')))).toMatchObject({ code: 'UNAVAILABLE' });
    }
  });

  it('is not a refusal when a reading fails, such as the last one before a drop', async () => {
    const influxd = await server();
    const proxy = await answeringProxy(influxd.url);
    const its = mirror(proxy, { snapshot: influxd.snapshot, drops: 'apply', dir: await directory() });
    const people = (...all: string[]) =>
      metadata({ users: all.map((name) => user(name, { admin: true, hash: '$2b$04$x' })) });
    for (const name of ['ann', 'bob'])
      await influxd.query(`CREATE USER ${name} WITH PASSWORD '${name}' WITH ALL PRIVILEGES`);
    await its.converge(people('ann', 'bob'), { epoch: 'e', version: 1 });
    proxy.respond = (text) =>
      text === 'SHOW USERS' ? failed('max-concurrent-queries limit exceeded(1, 1)') : undefined;
    const second = { epoch: 'e', version: 2 };
    expect(await errorOf(its.converge(people('ann'), second))).toMatchObject({ code: 'UNAVAILABLE' });
    proxy.respond = () => undefined;
    expect((await its.converge(people('ann'), second)).done).toHaveLength(1);
  });

  it('differs from texts that are known to concern the statement, which are refusals at once', async () => {
    const influxd = await server();
    const proxy = await answeringProxy(influxd.url);
    proxy.respond = (text) => (text.startsWith('CREATE') ? failed('invalid name') : undefined);
    const its = mirror(proxy, { snapshot: influxd.snapshot });
    expect(await its.converge(cluster('a'))).toMatchObject({ refused: [{ reason: 'invalid name' }] });
  });

  it('repeats no unknown words about a statement with a password', async () => {
    const influxd = await server();
    const proxy = await answeringProxy(influxd.url);
    proxy.respond = (text) => (text.startsWith('CREATE USER') ? failed(`strange: ${text}`) : undefined);
    const its = mirror(proxy, { snapshot: influxd.snapshot, passwords: () => 'bob' });
    const error = await errorOf(its.converge(metadata({ users: [user('bob')] })));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining('withheld') });
    expect(String(error)).not.toContain("'bob'");
  });

  it('is tried again by a follower within seconds', async () => {
    const influxd = await server();
    const proxy = await answeringProxy(influxd.url);
    proxy.respond = (text) => (text.startsWith('CREATE') ? failed('timeout') : undefined);
    const its = mirror(proxy, { snapshot: influxd.snapshot, interval: 600_000 });
    const source = new StubSource(metadata());
    const failure = new Promise<{ retryIn: number }>((resolve) => its.once('failed', resolve));
    its.follow(source);
    source.become(cluster('a'));
    expect((await failure).retryIn).toBeLessThanOrEqual(5_000);
    proxy.respond = () => undefined;
    await new Promise<void>((resolve) => its.once('report', () => resolve()));
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['a']);
  });
});

/** Responses to one statement that are no result: of a server in trouble, of a proxy before it, of none of them. */
const noResults: Readonly<Record<string, Response | 'reset' | 'silence'>> = {
  'status 500': { status: 500, body: '{"error":"internal error"}' },
  'status 502 of a proxy': { status: 502, body: '<html>Bad Gateway</html>' },
  'status 503': { status: 503, headers: { 'retry-after': '1' }, body: '' },
  'status 504': { status: 504, body: 'timeout' },
  'status 599': { status: 599, body: '' },
  'status 429': { status: 429, body: '' },
  'status 408': { status: 408, body: '' },
  'status 204 without a body': { status: 204, body: '' },
  'a page with status 200': { body: '<html>please log in</html>' },
  'an empty body': { body: '' },
  'a body cut short': { body: '{"results":[{"statement_' },
  'an error of the whole request': { body: '{"error":"engine: oops"}' },
  'a broken connection': 'reset',
  'no response in time': 'silence',
};
const rules: Readonly<Record<string, Response>> = {
  'status 401': { status: 401, body: '{"error":"no"}' },
  'status 403': { status: 403, body: 'blocked by a rule' },
  'status 404': { status: 404, body: 'not here' },
  'status 405': { status: 405, body: '' },
  'status 413': { status: 413, body: 'too large' },
  'status 418': { status: 418, body: '' },
};

describeWithServer('influxd', 'R34: a response to one statement that is no result', () => {
  const setUp = async (response: Response | 'reset' | 'silence') => {
    const influxd = await server();
    const proxy = await answeringProxy(influxd.url);
    proxy.respond = (text) => (text.startsWith('CREATE DATABASE "b"') ? response : undefined);
    const its = mirror(proxy, { snapshot: influxd.snapshot, timeout: response === 'silence' ? 500 : 5_000 });
    return { influxd, proxy, its };
  };

  it.each(Object.keys(noResults))(
    'leaves no later step out and never becomes a refusal: %s',
    async (kind) => {
      const { influxd, proxy, its } = await setUp(noResults[kind] ?? 'reset');
      const wanted = cluster('a', 'b', 'c');
      for (let attempt = 1; attempt <= 4; attempt++) {
        const error = await errorOf(its.converge(wanted));
        expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
        expect(error.message).toContain(proxy.url);
        expect(error.retryAfter).toBeLessThanOrEqual(5_000);
        expect(await names(influxd, 'SHOW DATABASES')).toEqual(['a', 'c']);
      }
      proxy.respond = () => undefined;
      expect((await its.converge(wanted)).done).toHaveLength(1);
    },
  );

  it.each(Object.keys(rules))(
    'leaves no later step out, and is a refusal after three tries if it may be a rule: %s',
    async (kind) => {
      const { influxd, its } = await setUp(rules[kind] ?? 'reset');
      const wanted = cluster('a', 'b', 'c');
      for (let attempt = 1; attempt <= 2; attempt++) {
        expect(await errorOf(its.converge(wanted))).toMatchObject({ code: 'UNAVAILABLE', retryable: true });
        expect(await names(influxd, 'SHOW DATABASES')).toEqual(['a', 'c']);
      }
      expect(await its.converge(wanted)).toMatchObject({ refused: [{ item: { database: 'b' } }] });
    },
  );

  it.each([
    ['UNAUTHORIZED', { status: 401, body: '{"error":"authorization failed"}' }],
    ['FORBIDDEN', { status: 403, body: '{"error":"not authorized"}' }],
    ['UNREACHABLE', 'reset'],
    ['TIMEOUT', 'silence'],
  ] as const)('ends the round if nothing else is executed either: %s', async (code, response) => {
    const { influxd, proxy, its } = await setUp(response);
    let isLost = false;
    proxy.respond = (text) => {
      isLost ||= text.startsWith('CREATE DATABASE "b"');
      return isLost ? response : undefined;
    };
    expect(await errorOf(its.converge(cluster('a', 'b', 'c')))).toMatchObject({ code });
    expect(proxy.statements.filter((text) => text.startsWith('CREATE'))).toHaveLength(2);
    expect(await names(influxd, 'SHOW DATABASES')).toEqual(['a']);
  });

  it('ends the round at the second statement without a response, each of which takes the whole time limit', async () => {
    const { proxy, its } = await setUp('silence');
    proxy.respond = (text) => (text.startsWith('CREATE') ? 'silence' : undefined);
    expect(await errorOf(its.converge(cluster('a', 'b', 'c')))).toMatchObject({ code: 'TIMEOUT' });
    expect(proxy.statements.filter((text) => text.startsWith('CREATE'))).toHaveLength(2);
  });

  it('repeats no words of a response to a statement with a password', async () => {
    const influxd = await server();
    const proxy = await answeringProxy(influxd.url);
    const its = mirror(proxy, { snapshot: influxd.snapshot, passwords: () => 'bob' });
    for (const status of [200, 404, 500]) {
      proxy.respond = (text) =>
        text.startsWith('CREATE USER') ? { status, body: JSON.stringify({ error: text }) } : undefined;
      const error = await errorOf(its.converge(metadata({ users: [user('bob')] })));
      expect(error).toMatchObject({ code: 'UNAVAILABLE' });
      expect(String(error)).not.toContain("'bob'");
    }
  });
});

describe('R34: a response that is none', () => {
  const series = (columns: string[], values: unknown[][] = []) => ({ series: [{ columns, values }] });
  const show: Record<string, object> = {
    'SHOW USERS': series(['user', 'admin']),
    'SHOW DATABASES': series(['name'], [['d']]),
    'SHOW CONTINUOUS QUERIES': {},
    'SHOW SUBSCRIPTIONS': {},
    'SHOW RETENTION POLICIES ON "d"': series(
      ['name', 'duration', 'shardGroupDuration', 'replicaN', 'default'],
      [['autogen', '0s', '168h0m0s', 1, true]],
    ),
  };
  const respondWith =
    (overrides: Record<string, object | undefined>) =>
    (text: string): Response => {
      const results = text.split('; ').flatMap((statement, at) => {
        const answer = statement in overrides ? overrides[statement] : show[statement];
        return answer === undefined ? [] : [{ statement_id: at, ...answer }];
      });
      return { body: JSON.stringify({ results }) };
    };

  it.each(Object.keys(show))(
    'without a result for %s is an error, not a server without any',
    async (statement) => {
      const proxy = await answeringProxy();
      proxy.respond = respondWith({});
      expect((await readInfluxMetadata(proxy.url)).databases).toHaveLength(1);
      proxy.respond = respondWith({ [statement]: undefined });
      await expect(readInfluxMetadata(proxy.url)).rejects.toMatchObject({ code: 'BAD_ANSWER' });
    },
  );

  it.each(['SHOW USERS', 'SHOW DATABASES', 'SHOW RETENTION POLICIES ON "d"'])(
    'without columns for %s is an error: InfluxDB has them even for no rows',
    async (statement) => {
      const proxy = await answeringProxy();
      proxy.respond = respondWith({ [statement]: {} });
      await expect(readInfluxMetadata(proxy.url)).rejects.toMatchObject({ code: 'BAD_ANSWER' });
    },
  );

  it.each([
    ['replicaN', null],
    ['replicaN', -1],
    ['replicaN', 1.5],
    ['replicaN', 1e300],
    ['replicaN', '1'],
    ['replicaN', true],
    ['replicaN', [1]],
    ['duration', '-1h0m0s'],
    ['duration', 5],
    ['duration', 'NaN'],
    ['duration', '99999999999999999999h0m0s'],
    ['shardGroupDuration', '1e9s'],
  ])('with %s %j is an error', async (column, value) => {
    const columns = ['name', 'duration', 'shardGroupDuration', 'replicaN', 'default'];
    const row = ['autogen', '0s', '168h0m0s', 1, true].map((usual, at) =>
      columns[at] === column ? value : usual,
    );
    const proxy = await answeringProxy();
    proxy.respond = respondWith({ 'SHOW RETENTION POLICIES ON "d"': series(columns, [row]) });
    await expect(readInfluxMetadata(proxy.url)).rejects.toMatchObject({ code: 'BAD_ANSWER' });
  });

  it.each([
    ':99999',
    ':0',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '127.0.0.1:NaN',
    'a b:8088',
    '\u0000:8088',
    `${'x'.repeat(1e6)}:1`,
    '',
  ])('with the snapshot address %j is read by SHOW', async (bound) => {
    const proxy = await answeringProxy();
    const diagnostics = { series: [{ name: 'config', columns: ['bind-address'], values: [[bound]] }] };
    proxy.respond = respondWith({
      'SHOW DIAGNOSTICS': diagnostics,
      "SHOW STATS FOR 'shard'": {},
      'SHOW SHARDS': {},
    });
    expect(await mirror(proxy).converge(cluster('d'))).toMatchObject({
      source: 'show',
      pending: [],
      refused: [],
    });
  });

  it.each([
    [{ 'x-influxdb-version': 'v2.7.1' }, 401, '{"code":"unauthorized"}', 'is InfluxDB 2 '],
    [{}, 404, '{"version":"3.0.1","revision":"x"}', 'is InfluxDB 3 '],
    [{ 'x-influxdb-version': '3.1.0' }, 200, '{"results":[{"statement_id":0}]}', 'is InfluxDB 3 '],
  ])('of another InfluxDB is named as such: %j %d', async (headers, status, body, says) => {
    const proxy = await answeringProxy();
    proxy.respond = () => ({ status, headers, body });
    for (const error of [
      await errorOf(readInfluxMetadata(proxy.url)),
      await errorOf(readInfluxMetadata(proxy.url, { snapshot: true })),
      await errorOf(mirror(proxy).converge(cluster('a'))),
      await errorOf(mirror(proxy).plan(cluster('a'))),
    ]) {
      expect(error).toMatchObject({ code: 'BAD_ANSWER', message: expect.stringContaining(says) });
    }
  });
});
