import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CfluxClient, decodeMetadata, LocalMetaClient } from 'clusterflux';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cflux, type FakeTerminalOptions } from '../support/fake-terminal.js';
import { serve } from '../support/serve.js';

async function setUp(nodeTtl = 15_000) {
  const { url, manager } = await serve({ nodeTtl });
  const run = (args: readonly string[], options: FakeTerminalOptions = {}) =>
    cflux(args, { ...options, env: { CFLUX_ENDPOINT: url, CLUSTER: 'prod', ...options.env } });
  const newest = async () => {
    const poll = await manager.poll({ cluster: 'prod', version: 0, wait: 0 });
    return poll.kind === 'snapshot' ? decodeMetadata(poll.snapshot) : undefined;
  };
  const versions = async () => (await manager.history('prod')).length;
  return { url, manager, run, newest, versions };
}

async function fileWith(text: string | Uint8Array): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-exec-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, 'schema.iql');
  await writeFile(file, text);
  return file;
}

describe('cflux exec', () => {
  it('executes statements from arguments, files and standard input, one version each', async () => {
    const { run, newest, versions } = await setUp();
    const first = await run(['exec', '--create-cluster', 'CREATE DATABASE a; CREATE DATABASE b']);
    expect([first.code, first.out, first.err]).toEqual([
      0,
      '',
      expect.stringMatching(/^cflux: 2 changes; version \d+$/),
    ]);
    expect(await versions()).toBe(2);
    const file = await fileWith('-- a comment; with a semicolon\nCREATE DATABASE c;\nCREATE DATABASE d;\n');
    expect((await run(['exec', '--file', file, '--atomic'])).code).toBe(0);
    expect(await versions()).toBe(3);
    expect((await run(['exec'], { input: 'CREATE DATABASE e' })).code).toBe(0);
    expect((await run(['exec', '--file', '-'], { input: 'CREATE DATABASE f' })).code).toBe(0);
    expect((await newest())?.databases.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd', 'e', 'f']);
  });

  it('prints the results of SHOW statements as a table, as CSV and as the JSON of InfluxDB', async () => {
    const { run } = await setUp();
    await run(['exec', '--create-cluster', 'CREATE DATABASE a; CREATE DATABASE "b,c"']);
    const table = await run(['exec', 'SHOW DATABASES; SHOW RETENTION POLICIES', '--db', 'a']);
    expect(table.out.split('\n')).toEqual([
      'name: databases',
      'name',
      'a',
      'b,c',
      '',
      'name     duration  shardGroupDuration  replicaN  default',
      'autogen  0s        168h0m0s                   1  true',
    ]);
    const csv = await run(['exec', 'SHOW DATABASES', '--format', 'csv']);
    expect(csv.out).toBe('name,tags,name\ndatabases,,a\ndatabases,,"b,c"');
    const json = await run(['exec', 'SHOW DATABASES', '--format', 'json']);
    expect(JSON.parse(json.out)).toEqual({
      results: [
        { statement_id: 0, series: [{ name: 'databases', columns: ['name'], values: [['a'], ['b,c']] }] },
      ],
    });
  });

  it('names the statement that failed by number, line and column, and exits with 1', async () => {
    const { run, newest, versions } = await setUp();
    await run(['exec', '--create-cluster', 'CREATE DATABASE a']);
    const file = await fileWith('CREATE DATABASE b;\n  DROP USER nobody;\nCREATE DATABASE c');
    const each = await run(['exec', '--file', file, '--format', 'json']);
    expect([each.code, JSON.parse(each.out)]).toEqual([
      1,
      {
        results: [
          { statement_id: 0 },
          { statement_id: 1, error: 'user not found' },
          { statement_id: 2, error: 'not executed' },
        ],
      },
    ]);
    expect(each.err).toContain(`statement 2 (${file}, line 2, column 3): user not found`);
    expect(each.err).toContain('after it were not executed');
    const before = await versions();
    const atomic = await run([
      'exec',
      '--atomic',
      'CREATE DATABASE x',
      'CREATE DATABASE y; DROP USER nobody',
    ]);
    expect([atomic.code, atomic.err]).toEqual([
      1,
      'cflux: statement 3 (argument 2, line 1, column 20): user not found; nothing was changed',
    ]);
    expect(await versions()).toBe(before);
    expect((await newest())?.databases.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it('executes nothing of a script that it cannot read, or that only a server can run', async () => {
    const { run, newest } = await setUp();
    await run(['exec', '--create-cluster', 'CREATE DATABASE a']);
    for (const [text, message] of [
      ['CREATE DATABASE b; CREATE', 'found EOF, expected CONTINUOUS, DATABASE'],
      ['CREATE DATABASE b;\nSELECT v FROM m', 'statement 2 (line 2, column 1): cannot execute SELECT'],
      ['CREATE DATABASE b; DROP MEASUREMENT m', 'execute it there'],
      ['CREATE DATABASE b\0', 'NUL'],
    ] as const) {
      const { code, err } = await run(['exec', text]);
      expect([code, err]).toEqual([1, expect.stringContaining(message)]);
    }
    // What one argument leaves open does not reach into the next.
    expect((await run(['exec', 'CREATE DATABASE b /*', '*/'])).err).toContain('argument 1: found ILLEGAL');
    expect((await newest())?.databases.map(({ name }) => name)).toEqual(['a']);
  });

  it('takes parameters, and never shows a password', async () => {
    const { run, newest } = await setUp();
    const env = { BOB: 'Secr3t', EMPTY: '' };
    const made = await run(
      [
        'exec',
        '--create-cluster',
        'CREATE DATABASE $db; CREATE USER $who WITH PASSWORD $"the password"',
        '--param',
        'db={"identifier":"sensors"}',
        '--param',
        'who={"identifier":"select"}',
        '--param-env',
        'the password=BOB',
      ],
      { env },
    );
    expect([made.code, made.err]).toEqual([0, expect.not.stringContaining('Secr3t')]);
    const data = await newest();
    expect([data?.databases[0]?.name, data?.users[0]?.name]).toEqual(['sensors', 'select']);
    const meta = new LocalMetaClient({ data: data ?? expect.fail() });
    expect((await meta.authenticate('select', 'Secr3t')).name).toBe('select');

    for (const [args, message] of [
      [['CREATE USER x WITH PASSWORD $p', '--param-env', 'p=NOWHERE'], 'NOWHERE is not set'],
      [['CREATE USER x WITH PASSWORD $p', '--param-env', 'p=EMPTY'], 'EMPTY is not set'],
      [['SHOW USERS', '--param', 'p'], 'write name=value'],
      [['SHOW USERS', '--param', 'p=Secr3t', '--param-env', 'p=BOB'], '"p" is given twice'],
    ] as const) {
      const { code, err } = await run(['exec', ...args], { env });
      expect([code, err]).toEqual([2, expect.stringContaining(message)]);
      expect(err).not.toContain('Secr3t');
    }
    // A slip of the pen puts the password where the parser does not expect it.
    for (const text of [
      "SET PASSWORD FOR bob 'Secr3t'",
      "CREATE USER bob WITH PASSWORD = 'Secr3t'",
      'CREATE USER bob WITH PASSWORD Secr3t',
    ]) {
      const { code, err } = await run(['exec'], { input: `SHOW USERS;\n${text}` });
      expect([code, err]).toEqual([1, expect.stringContaining('found [REDACTED], expected')]);
      expect(err).not.toContain('Secr3t');
    }
    const typed = await run(['exec', 'SET PASSWORD FOR "select" = \'Secr3t\'']);
    expect([typed.code, typed.err]).toEqual([0, expect.stringContaining('--param-env')]);
  });

  it('explains what agents do with a DROP', async () => {
    const { run } = await setUp();
    await run(['exec', '--create-cluster', 'CREATE DATABASE a']);
    expect((await run(['exec', 'DROP RETENTION POLICY autogen ON a'])).err).toContain('--allow-drops');
    expect((await run(['exec', 'DROP DATABASE a'])).err).toContain('--max-drops');
    expect((await run(['exec', 'CREATE DATABASE a'])).err).not.toContain('--allow-drops');
  });

  it('keeps the last administrator without --allow-no-admin', async () => {
    const { run, newest } = await setUp();
    const create =
      "CREATE USER root WITH PASSWORD 'x' WITH ALL PRIVILEGES; CREATE USER bob WITH PASSWORD 'y'";
    await run(['exec', '--create-cluster'], { input: create });
    for (const text of ['DROP USER root', 'REVOKE ALL PRIVILEGES FROM root']) {
      const { code, err } = await run(['exec', text]);
      expect([code, err]).toEqual([
        1,
        expect.stringContaining('cannot remove the last administrator "root"'),
      ]);
    }
    // Another one takes its place in the same version.
    expect((await run(['exec', '--atomic', 'DROP USER root; GRANT ALL TO bob'])).code).toBe(0);
    expect((await run(['exec', '--allow-no-admin', 'DROP USER bob'])).code).toBe(0);
    expect((await newest())?.users).toEqual([]);
  });

  it('exits with code 2 after an invalid command line', async () => {
    const { run } = await setUp();
    for (const args of [
      [],
      [''],
      ['-- nothing'],
      ['SHOW USERS', '--file', 'x'],
      ['--file', '/nowhere'],
      ['SHOW USERS', '--format', 'xml'],
    ]) {
      expect((await run(['exec', ...args])).code, args.join(' ')).toBe(2);
    }
    const utf16 = await fileWith(Buffer.from('\ufeffSHOW USERS', 'utf16le'));
    expect((await run(['exec', '--file', utf16])).err).toContain('UTF-8');
  });
});

describe('R4: cflux exec loses no change beside writers', () => {
  it('makes its statements again on what others stored, and theirs stay', async () => {
    const { url, run, newest } = await setUp();
    await run(['exec', '--create-cluster', 'CREATE DATABASE first']);
    const client = new CfluxClient(new LocalMetaClient(), { endpoint: url, cluster: 'prod' });
    await client.open();
    onTestFinished(() => client.close());
    const names = Array.from({ length: 12 }, (_, at) => `${at}`);
    const [ran] = await Promise.all([
      run(['exec', names.map((name) => `CREATE DATABASE "e${name}"`).join(';')]),
      run(['exec', names.map((name) => `CREATE DATABASE "f${name}"`).join(';')]),
      ...names.map((name) => client.createDatabase(`c${name}`)),
    ]);
    expect(ran.code).toBe(0);
    const stored = (await newest())?.databases.map(({ name }) => name).sort();
    expect(stored).toEqual(
      ['first', ...['c', 'e', 'f'].flatMap((by) => names.map((name) => by + name))].sort(),
    );
    expect(await client.nodes()).toHaveLength(1);
  });
});

describe('R11: no command line founds a cluster that nodes then meet as foreign', () => {
  it('refuses a cluster without any version, except with --create-cluster', async () => {
    const { run, versions } = await setUp();
    for (const text of ['CREATE DATABASE a', 'SHOW DATABASES']) {
      const { code, err } = await run(['exec', text]);
      expect([code, err]).toEqual([3, expect.stringContaining('--create-cluster')]);
    }
    expect(await versions()).toBe(0);
    expect((await run(['exec', '--create-cluster', 'SHOW DATABASES'])).code).toBe(0);
    expect(await versions()).toBe(0);
  });

  it('leaves a wiped manager to its nodes while all of them are away', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cflux-exec-'));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    await mkdir(join(dir, 'meta'));
    const open = async (endpoint: string) => {
      const client = new CfluxClient(new LocalMetaClient({ dir: join(dir, 'meta') }), {
        endpoint,
        cluster: 'prod',
        dir,
      });
      await client.open();
      return client;
    };
    const before = await setUp();
    const node = await open(before.url);
    await node.createDatabase('old');
    await node.close();

    const { url, run, newest } = await setUp(1_500);
    expect((await run(['exec', 'CREATE DATABASE new'])).code).toBe(3);
    expect(await newest()).toBeUndefined();
    const back = await open(url);
    onTestFinished(() => back.close());
    expect((await run(['exec', 'CREATE DATABASE new'])).code).toBe(0);
    expect((await newest())?.databases.map(({ name }) => name)).toEqual(['old', 'new']);
  });

  it.each([[], ['--create-cluster']])(
    'waits while the manager collects what its nodes have: %s',
    async (...flags) => {
      const { url } = await serve({ nodeTtl: 1_500 });
      const meta = new LocalMetaClient();
      await meta.createDatabase('old');
      const offer = { epoch: 'lost', version: 7 };
      const push = async () => {
        const epoch = (
          await fetch(`${url}/clusters/prod/versions/0`, { headers: { Prefer: 'wait=0' } })
        ).headers.get('Cflux-Epoch');
        return fetch(`${url}/clusters/prod/versions/0`, {
          method: 'POST',
          headers: {
            'Cflux-Epoch': epoch ?? '',
            'Cflux-Offer': `${offer.epoch}/${offer.version}`,
            'Cflux-Mutation': 'm',
          },
          body: Buffer.from(await meta.marshalBinary()),
        });
      };
      expect((await push()).status).toBe(503);
      const ran = await cflux(['exec', ...flags, 'CREATE DATABASE new; SHOW DATABASES'], {
        env: { CFLUX_ENDPOINT: url, CLUSTER: 'prod' },
      });
      expect([ran.code, ran.out]).toEqual([0, 'name: databases\nname\nold\nnew']);
    },
  );
});
