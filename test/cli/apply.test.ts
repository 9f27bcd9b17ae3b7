import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  decodeMetadata,
  encodeMetadata,
  LocalMetaClient,
  type MetaData,
  type RetentionPolicyInfo,
} from 'clusterflux';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { applySchema } from '../../src/cli/apply-schema.js';
import { declaredSchema } from '../../src/cli/declared-schema.js';
import { writeSchema } from '../../src/influxql/index.js';
import { equalMetadata } from '../../src/meta/equal-metadata.js';
import { anyMetadata } from '../influxdb/support/arbitrary-metadata.js';
import { cflux, type FakeTerminalOptions } from '../support/fake-terminal.js';
import { serve } from '../support/serve.js';

const schema = `
CREATE DATABASE sensors WITH DURATION 30d REPLICATION 1 SHARD DURATION 1d NAME month;
CREATE RETENTION POLICY year ON sensors DURATION 52w REPLICATION 1;
CREATE CONTINUOUS QUERY hourly ON sensors BEGIN SELECT mean(v) INTO year.m FROM m WHERE host =~ /a;b/ GROUP BY time(1h) END;
CREATE SUBSCRIPTION s ON sensors.month DESTINATIONS ALL 'udp://h:9';
CREATE USER root WITH PASSWORD $root WITH ALL PRIVILEGES;
CREATE USER bob WITH PASSWORD $bob;
GRANT READ ON sensors TO bob;
`;
const passwords = ['--param-env', 'root=ROOT', '--param-env', 'bob=BOB'];

async function setUp() {
  const { url, manager } = await serve();
  const dir = await mkdtemp(join(tmpdir(), 'cflux-apply-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, 'schema.iql');
  const run = (args: readonly string[], options: FakeTerminalOptions = {}) =>
    cflux(args, {
      ...options,
      env: { CFLUX_ENDPOINT: url, CLUSTER: 'prod', ROOT: 'r', BOB: 'Secr3t', ...options.env },
    });
  return {
    manager,
    dir,
    file,
    run,
    versions: async () => (await manager.history('prod')).length,
    async apply(text: string, args: readonly string[] = [], options: FakeTerminalOptions = {}) {
      await writeFile(file, text);
      return run(['apply', file, '--create-cluster', ...args], options);
    },
    async data(): Promise<MetaData> {
      const poll = await manager.poll({ cluster: 'prod', version: 0, wait: 0 });
      return poll.kind === 'snapshot' ? decodeMetadata(poll.snapshot) : expect.fail('no data');
    },
  };
}

describe('cflux apply', () => {
  it('applies the file in one version, and changes nothing the second time', async () => {
    const { apply, versions, data } = await setUp();
    const planned = await apply(schema, ['--dry-run', ...passwords]);
    expect([planned.code, planned.out]).toEqual([2, expect.stringContaining('+ database "sensors"')]);
    const first = await apply(schema, ['--yes', ...passwords]);
    expect([first.code, first.err]).toEqual([0, '']);
    expect(first.out).toContain('+ user "bob": admin no, on "sensors" read');
    expect(first.out).not.toMatch(/Secr3t|\$2a/);
    expect(await versions()).toBe(1);
    for (const again of [['--yes'], ['--dry-run'], ['--yes', '--prune=databases,users']]) {
      const { code, out } = await apply(schema, [...again, ...passwords]);
      expect([code, out]).toEqual([0, expect.stringContaining('nothing to do')]);
    }
    expect(await versions()).toBe(1);
    expect((await data()).databases[0]?.retentionPolicies.map(({ name }) => name)).toEqual(['month', 'year']);
  });

  it('takes the example', async () => {
    const { run, data } = await setUp();
    const example = fileURLToPath(new URL('../../examples/schema.iql', import.meta.url));
    const args = [
      'apply',
      example,
      '--create-cluster',
      '--yes',
      '--param-env',
      'root=ROOT',
      '--param-env',
      'telegraf=BOB',
    ];
    expect((await run(args)).err).toBe('');
    expect((await data()).users.map(({ name }) => name)).toEqual(['root', 'telegraf']);
    expect((await run(args)).out).toContain('nothing to do');
  });

  it('asks for confirmation, and changes nothing without a yes', async () => {
    const { apply, versions } = await setUp();
    expect((await apply(schema, passwords)).code).toBe(2);
    expect((await apply(schema, passwords, { typed: 'no' })).code).toBe(2);
    expect(await versions()).toBe(0);
    expect((await apply(schema, passwords, { typed: 'yes' })).code).toBe(0);
    expect(await versions()).toBe(1);
  });

  it('keeps the password of a user whose parameter is unset, and refuses a new one', async () => {
    const { apply, data } = await setUp();
    const refused = await apply(schema, ['--yes', '--param-env', 'root=ROOT']);
    expect([refused.code, refused.err]).toEqual([
      2,
      expect.stringContaining('cannot create user "bob": the parameter $bob has no value'),
    ]);
    await apply(schema, ['--yes', ...passwords]);
    const before = await data();
    // Not given at all, and given by a variable that is empty.
    expect((await apply(schema, ['--yes'])).out).toContain('nothing to do');
    expect((await apply(schema, ['--yes', ...passwords], { env: { BOB: '' } })).out).toContain(
      'nothing to do',
    );
    expect((await data()).users).toEqual(before.users);
    const changed = await apply(schema, ['--yes', ...passwords], { env: { BOB: 'other' } });
    expect(changed.out).toContain('~ user "bob" / password: changed');
    expect((await new LocalMetaClient({ data: await data() }).authenticate('bob', 'other')).name).toBe('bob');
  });

  it('changes values in place, and leaves shard groups and their ids', async () => {
    const { apply, data, manager } = await setUp();
    await apply('CREATE DATABASE d', ['--yes']);
    const meta = new LocalMetaClient({ data: await data() });
    await meta.createShardGroup('d', 'autogen', 0n);
    const [newest] = await manager.history('prod');
    await manager.push({
      cluster: 'prod',
      version: newest?.version ?? 0,
      snapshot: encodeMetadata(meta.data()),
      mutation: 'x',
    });
    const { code, out } = await apply('CREATE DATABASE d WITH DURATION 2w NAME autogen', [
      '--yes',
      '--prune',
    ]);
    expect([code, out]).toEqual([0, expect.stringContaining('duration: for ever → 336h0m0s')]);
    const { databases, maxShardId } = await data();
    expect([databases[0]?.retentionPolicies[0]?.shardGroups.length, maxShardId]).toEqual([1, 1n]);
  });

  it('removes what the file does not have only with --prune, databases and users only when named', async () => {
    const { apply, data, run } = await setUp();
    await apply(schema, ['--yes', ...passwords]);
    const more =
      "CREATE DATABASE other; CREATE RETENTION POLICY r ON sensors DURATION 1d REPLICATION 1; CREATE USER eve WITH PASSWORD 'e'; GRANT ALL ON other TO bob; CREATE SUBSCRIPTION t ON sensors.year DESTINATIONS ANY 'udp://h:8'; CREATE CONTINUOUS QUERY q ON sensors BEGIN SELECT max(v) INTO x FROM m GROUP BY time(1m) END; CREATE RETENTION POLICY r ON other DURATION 1d REPLICATION 1";
    await run(['exec'], { input: more });
    expect((await apply(schema, ['--yes', ...passwords])).out).toContain('nothing to do');
    const parts = await apply(schema, ['--yes', '--prune', ...passwords]);
    const removed = parts.out.split('\n').filter((line) => line.startsWith('- '));
    expect(removed.map((line) => line.replace(/:.*/, ''))).toEqual([
      '- database "sensors" / retention policy "year" / subscription "t"',
      '- database "sensors" / retention policy "r"',
      '- database "sensors" / continuous query "q"',
    ]);
    expect(parts.out).toContain('user "bob" / on "other": all → nothing');
    let now = await data();
    expect(now.databases.map(({ name, retentionPolicies }) => [name, retentionPolicies.length])).toEqual([
      ['sensors', 2],
      ['other', 2],
    ]);
    const databases = await apply(schema, ['--yes', '--prune=databases', ...passwords]);
    expect(databases.out).toContain('- database "other"');
    const users = await apply(schema, ['--yes', '--prune=users', ...passwords]);
    expect(users.out).toContain('Users to remove: "eve"');
    now = await data();
    expect([now.databases.length, now.users.map(({ name }) => name)]).toEqual([1, ['root', 'bob']]);
    expect((await apply(schema, ['--prune=tables'])).code).toBe(2);
  });

  it('refuses to remove the last administrator, an empty file, and a cluster without data', async () => {
    const { apply, run, file, versions } = await setUp();
    await writeFile(file, schema);
    expect((await run(['apply', file, '--yes', ...passwords])).code).toBe(3);
    await apply(schema, ['--yes', ...passwords]);
    for (const text of ['CREATE DATABASE sensors', schema.replace('root WITH ALL PRIVILEGES', 'root')]) {
      const { code, err } = await apply(text, ['--yes', '--prune=users', ...passwords]);
      expect([code, err]).toEqual([1, expect.stringContaining('--allow-no-admin')]);
    }
    expect((await apply('-- nothing', ['--yes', '--prune=databases,users'])).code).toBe(2);
    expect((await apply('SELECT v FROM m', ['--yes'])).code).toBe(1);
    const failing = await apply('CREATE DATABASE x;\n GRANT READ ON x TO nobody', ['--yes']);
    expect(failing.err).toContain(`statement 2 (${file}, line 2, column 2): user not found`);
    expect(await versions()).toBe(1);
    const allowed = await apply('CREATE DATABASE sensors', ['--yes', '--prune=users', '--allow-no-admin']);
    expect(allowed.code).toBe(0);
  });
});

describe('cflux export --format iql', () => {
  it('writes a file that makes an equal cluster, and lists what InfluxQL cannot express', async () => {
    const source = await setUp();
    await source.apply(schema, ['--yes', ...passwords]);
    await source.run([
      'exec',
      'CREATE DATABASE "odd \\"name\\""; DROP RETENTION POLICY autogen ON "odd \\"name\\""',
    ]);
    const file = join(source.dir, 'out.iql');
    const written = await source.run(['export', 'prod', '--format', 'iql', '--output', file]);
    expect(written.code).toBe(0);
    const text = await readFile(file, 'utf8');
    expect(text).not.toMatch(/\$2a|Secr3t/);
    const copy = await setUp();
    expect((await copy.apply(text, ['--yes', ...passwords])).code).toBe(0);
    const [one, other] = [await source.data(), await copy.data()];
    expect(other.databases).toEqual(one.databases);
    expect(other.users.map(({ hash: _, ...user }) => user)).toEqual(
      one.users.map(({ hash: _, ...user }) => user),
    );
    expect((await copy.run(['export', 'prod', '--format', 'iql'])).bytes.toString()).toBe(
      text.replace(/version \d+/, `version ${(await copy.manager.history('prod'))[0]?.version}`),
    );
  });

  it('gives equal metadata apart from what it lists, and applied twice changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(anyMetadata, async (data) => {
        const { statements, omitted } = await writeSchema(data);
        const text = statements.join(';\n');
        fc.pre(text !== '');
        const declared = await declaredSchema(
          { name: 'f', text },
          Object.fromEntries(data.users.map(({ name }) => [name, 'x'])),
        );
        const meta = new LocalMetaClient({ clusterId: data.clusterId, bcryptCost: 4 });
        const prune = { parts: true, databases: true, users: true };
        await applySchema(meta, declared, prune);
        const once = meta.data();
        // A stated limit of 0 means the same as none, and is left out for servers that do not know limits.
        const withoutZero = ({ futureWriteLimit, pastWriteLimit, ...policy }: RetentionPolicyInfo) => ({
          ...policy,
          ...(futureWriteLimit ? { futureWriteLimit } : {}),
          ...(pastWriteLimit ? { pastWriteLimit } : {}),
        });
        const plain = ({ databases, users }: MetaData) => ({
          databases: databases.map((database) => ({
            ...database,
            retentionPolicies: database.retentionPolicies.map(withoutZero),
          })),
          users: users.map(({ name, admin, privileges }) => ({ name, admin, privileges })),
        });
        if (omitted.length === 0) expect(plain(once)).toEqual(plain(data));
        else expect(plain(once)).not.toEqual(plain(data));
        await applySchema(meta, declared, prune);
        expect(equalMetadata(once, meta.data())).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
