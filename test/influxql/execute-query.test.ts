import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { executeQuery, type QueryOptions } from '../../src/influxql/execute/execute-query.js';
import { formatResponse } from '../../src/influxql/format-response.js';
import { parseStatements } from '../../src/influxql/parse-statements.js';
import { decodeMetadata } from '../../src/meta/codec/decode-metadata.js';
import { Passwords } from '../../src/meta/passwords.js';
import { recorded } from './support/fixtures.js';
import { LocalTarget } from './support/target.js';

const cheap = new Passwords(4);
const hashPassword = (password: string) => cheap.hash(password);
const run = (target: LocalTarget, text: string, options: QueryOptions = {}) =>
  executeQuery(target, text, { hashPassword, ...options });

/** InfluxDB does not return why a statement failed if others follow it; here the error is returned. */
function asRecorded(response: Awaited<ReturnType<typeof run>>): string {
  const { results } = response;
  const failedAt = results?.findIndex(({ error }) => error !== undefined) ?? -1;
  if (results === undefined || failedAt < 0 || failedAt === results.length - 1)
    return formatResponse(response);
  const shown = results.slice(0, failedAt);
  return formatResponse({ results: [...shown, { statement_id: failedAt, error: 'not executed' }] });
}

function isOfCluster(text: string): boolean {
  try {
    return (
      !text.includes('\0') &&
      parseStatements(text.trim()).every(({ statement }) => statement.kind !== 'server')
    );
  } catch {
    return true;
  }
}

describe('the recorded responses of a real server', () => {
  it('are those of the cluster, one after another', async () => {
    const target = new LocalTarget();
    const differences: unknown[] = [];
    for (const { q, body } of recorded<{ q: string; body: string }>('parse.jsonl')) {
      if (/\b(FUTURE|PAST) LIMIT/.test(q) || q.startsWith('SELECT a/2')) continue;
      if (!isOfCluster(q)) continue;
      // Databases that the recorded server had from statements with a NUL or for servers are not here.
      if (/^SHOW (DATABASES|SUBSCR|CONTIN)/.test(q) && JSON.parse(body).results !== undefined) continue;
      const ours = asRecorded(await run(target, q));
      if (ours !== body) differences.push({ q, body, ours });
    }
    expect(differences).toEqual([]);
  });

  it.each(['basic', 'no-autogen', 'internal-precreated', 'empty-fresh', 'truncated-owners'])(
    'of SHOW on %s are those of the cluster',
    async (name) => {
      const file = (extension: string) => new URL(`../fixtures/meta/${name}.${extension}`, import.meta.url);
      const target = new LocalTarget(decodeMetadata(readFileSync(file('db'))));
      const { show } = JSON.parse(readFileSync(file('json'), 'utf8')) as { show: Record<string, unknown> };
      expect(Object.keys(show).length).toBeGreaterThan(3);
      for (const [q, series] of Object.entries(show)) {
        const { results } = JSON.parse(formatResponse(await run(target, q)));
        const sorted = (rows: unknown) =>
          q.startsWith('SHOW GRANTS')
            ? JSON.stringify(rows)
                .split(/(?<=\])/)
                .toSorted()
            : rows;
        expect([q, sorted(results[0].series ?? [])]).toEqual([q, sorted(series ?? [])]);
      }
    },
  );

  it('of privileges are those of the cluster', async () => {
    const target = new LocalTarget();
    await run(
      target,
      `CREATE DATABASE d; CREATE DATABASE d2; CREATE RETENTION POLICY r ON d DURATION 2d REPLICATION 1;
       CREATE USER root WITH PASSWORD 'x' WITH ALL PRIVILEGES; CREATE USER bob WITH PASSWORD 'x'; CREATE USER rd WITH PASSWORD 'x';
       CREATE USER wr WITH PASSWORD 'x'; CREATE USER al WITH PASSWORD 'x';
       GRANT READ ON d TO rd; GRANT WRITE ON d TO wr; GRANT ALL ON d TO al`,
    );
    const users: Record<string, string> = { none: 'bob', read: 'rd', write: 'wr', all: 'al' };
    let compared = 0;
    for (const line of recorded<{ level: string; q: string; status: number; answer?: string }>(
      'privileges.jsonl',
    )) {
      if (!isOfCluster(line.q)) continue;
      compared += 1;
      const user = { name: users[line.level] ?? '' };
      const { error = null } = await run(target, line.q, { user });
      const expected = line.status === 403 ? JSON.parse(line.answer ?? '{}').error : null;
      expect([line.level, line.q, error]).toEqual([line.level, line.q, expected]);
    }
    expect(compared).toBeGreaterThan(90);
  });
});

describe('a query', () => {
  it('without statements gives an empty object', async () => {
    expect(formatResponse(await run(new LocalTarget(), ' ;-- nothing\n; '))).toBe('{}');
  });

  it('is refused with a statement for a server, and nothing of it is executed', async () => {
    const target = new LocalTarget();
    const { error } = await run(target, 'CREATE DATABASE d;\nSELECT * FROM m');
    expect(error).toMatch(/cannot execute SELECT at line 2, char 1.*InfluxDB server/);
    expect(target.versions).toBe(0);
  });

  it('with a NUL character is refused', async () => {
    expect((await run(new LocalTarget(), 'CREATE DATABASE a\0b')).error).toMatch(/NUL/);
  });

  it('keeps the text of a failure, and does not execute what follows', async () => {
    const target = new LocalTarget();
    const { results } = await run(target, 'CREATE DATABASE a; DROP USER x; CREATE DATABASE b');
    expect(results).toEqual([
      { statement_id: 0 },
      { statement_id: 1, error: 'user not found' },
      { statement_id: 2, error: 'not executed' },
    ]);
    expect(target.data().databases.map(({ name }) => name)).toEqual(['a']);
    expect(target.versions).toBe(1);
  });

  it('that is atomic is one version', async () => {
    const target = new LocalTarget();
    const { results } = await run(target, 'CREATE DATABASE a; CREATE DATABASE b; SHOW DATABASES', {
      atomic: true,
    });
    expect(results?.[2]?.series?.[0]?.values).toEqual([['a'], ['b']]);
    expect(target.versions).toBe(1);
  });

  it('that is atomic changes nothing when a statement fails, which alone keeps its text', async () => {
    const target = new LocalTarget();
    const { results } = await run(target, 'CREATE DATABASE a; DROP USER x; CREATE DATABASE b', {
      atomic: true,
    });
    expect(results?.map(({ error }) => error)).toEqual(['not executed', 'user not found', 'not executed']);
    expect(target.data().databases).toEqual([]);
  });

  it('warns in a read only context, with the stored text of a continuous query and no password', async () => {
    const target = new LocalTarget();
    const text = `CREATE DATABASE d; CREATE USER u WITH PASSWORD $p;
      CREATE CONTINUOUS QUERY c ON d BEGIN SELECT mean(v) INTO x FROM y GROUP BY time(300s) END; SHOW USERS`;
    const { results } = await run(target, text, { readOnly: true, params: { p: 'secret' } });
    const texts = results?.map(({ messages }) => messages?.[0]?.text.split("'")[1]);
    expect(texts).toEqual([
      'CREATE DATABASE d',
      'CREATE USER u WITH PASSWORD [REDACTED]',
      'CREATE CONTINUOUS QUERY c ON d BEGIN SELECT mean(v) INTO d.autogen.x FROM d.autogen.y GROUP BY time(5m) END',
      undefined,
    ]);
  });

  it('finds a continuous query that means the same as the stored one no conflict', async () => {
    const target = new LocalTarget();
    await target.meta.createDatabase('d');
    const stored =
      'CREATE CONTINUOUS QUERY c ON d BEGIN SELECT v INTO d.autogen.x FROM d.autogen.y WHERE v > 1.500 END';
    await target.meta.createContinuousQuery('d', 'c', stored);
    const create = (value: string) =>
      `CREATE CONTINUOUS QUERY c ON d BEGIN SELECT v INTO x FROM y WHERE v > ${value} END`;
    expect((await run(target, create('1.5'))).results).toEqual([{ statement_id: 0 }]);
    expect((await run(target, create('1.6'))).results?.[0]?.error).toBe('continuous query already exists');
    expect(target.data().databases[0]?.continuousQueries[0]?.query).toBe(stored);
  });
});

describe('the acting user', () => {
  const admin = `CREATE USER root WITH PASSWORD 'x' WITH ALL PRIVILEGES`;

  it('R32: is judged on the metadata that a change is applied to, each time it is applied', async () => {
    const target = new LocalTarget();
    await run(target, admin);
    target.beforePush = (meta) => meta.setAdminPrivilege('root', false);
    const { results } = await run(target, 'CREATE DATABASE d', { user: { name: 'root' } });
    expect(results?.[0]?.error).toMatch(/root not authorized to execute statement 'CREATE DATABASE d'/);
    expect(target.data().databases).toEqual([]);
  });

  it('R32: is judged on the metadata that an atomic change is applied to', async () => {
    const target = new LocalTarget();
    await run(target, admin);
    target.beforePush = (meta) => meta.setAdminPrivilege('root', false);
    const text = 'CREATE DATABASE d; CREATE DATABASE e';
    const { results } = await run(target, text, { user: { name: 'root' }, atomic: true });
    expect(results?.map(({ error }) => error)).toEqual([
      expect.stringMatching(/root not authorized/),
      'not executed',
    ]);
    expect(target.data().databases).toEqual([]);
  });

  it('R32: whose password was changed meanwhile is refused', async () => {
    const target = new LocalTarget();
    await run(target, admin);
    const { hash } = target.meta.user('root');
    target.beforePush = (meta) => meta.updateUser('root', 'another');
    const { results } = await run(target, 'CREATE DATABASE d', { user: { name: 'root', hash } });
    expect(results?.[0]?.error).toBe('authentication failed');
    expect((await run(target, 'CREATE DATABASE d', { user: { name: 'root', hash } })).error).toBe(
      'authentication failed',
    );
    expect(target.data().databases).toEqual([]);
  });

  it('may be missing only for a first statement that creates an administrator, as which the others are executed', async () => {
    const target = new LocalTarget();
    const user = null;
    expect((await run(target, 'CREATE DATABASE d', { user })).error).toMatch(/create admin user first/);
    const { results } = await run(target, `${admin}; CREATE DATABASE d`, { user });
    expect(results).toEqual([{ statement_id: 0 }, { statement_id: 1 }]);
    expect((await run(target, 'CREATE DATABASE e', { user })).error).toMatch(/no user provided/);
  });

  it('R32: may not be missing when another administrator was created first', async () => {
    const target = new LocalTarget();
    target.beforePush = (meta) => meta.createUser('first', 'x', true);
    const { results } = await run(target, `${admin}; CREATE DATABASE d`, { user: null });
    expect(results?.[0]?.error).toMatch(/no user provided/);
    expect(target.data().users.map(({ name }) => name)).toEqual(['first']);
    expect(target.data().databases).toEqual([]);
  });

  it('without the privilege makes this process hash no password', async () => {
    const target = new LocalTarget();
    await run(target, `${admin}; CREATE USER bob WITH PASSWORD 'x'`);
    const hash = () => Promise.reject(new Error('hashed'));
    const { error } = await run(target, `CREATE USER evil WITH PASSWORD 'x'`, {
      user: { name: 'bob' },
      hashPassword: hash,
    });
    expect(error).toMatch(/requires admin privilege/);
  });
});

it('hashes a password once, however many statements have it and rounds a change takes', async () => {
  const target = new LocalTarget();
  let hashes = 0;
  const counting = (password: string) => {
    hashes += 1;
    return cheap.hash(password);
  };
  target.beforePush = (meta) => meta.createDatabase('other');
  const text = `CREATE USER u WITH PASSWORD 'x'; CREATE USER v WITH PASSWORD 'x'; CREATE USER u WITH PASSWORD 'x'`;
  const { results } = await run(target, text, { hashPassword: counting });
  expect(results).toEqual([{ statement_id: 0 }, { statement_id: 1 }, { statement_id: 2 }]);
  expect(hashes).toBe(1);
});
