import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeMetadata, encodeMetadata, LocalMetaClient, type MetaData } from 'clusterflux';
import type { Manager } from 'clusterflux/manager';
import { describe, expect, it, onTestFinished } from 'vitest';
import { cflux, type FakeTerminalOptions } from '../support/fake-terminal.js';
import { serve } from '../support/serve.js';

async function temporaryDirectory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-cli-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A cluster whose newest version is that of `change`, on top of the one before; resolves with the version. */
async function change(
  manager: Manager,
  meta: LocalMetaClient,
  work: (meta: LocalMetaClient) => unknown,
  cluster = 'prod',
): Promise<number> {
  await work(meta);
  const [newest] = await manager.history(cluster);
  const result = await manager.push({
    cluster,
    version: newest?.version ?? 0,
    snapshot: encodeMetadata(meta.data()),
    mutation: `m-${Math.random()}`,
    nodeId: 7,
  });
  if (result.kind !== 'committed') throw new Error(result.kind);
  return result.version;
}

async function setUp() {
  const { url, manager } = await serve();
  const meta = new LocalMetaClient({ bcryptCost: 4 });
  await meta.open();
  onTestFinished(async () => meta.close());
  const run = (args: readonly string[], options: FakeTerminalOptions = {}) =>
    cflux(args, { ...options, env: { CFLUX_ENDPOINT: url, ...options.env } });
  return { url, manager, meta, run };
}

describe('cflux', () => {
  it('prints what it can do, and where to start', async () => {
    const { code, out } = await cflux(['--help']);
    expect(code).toBe(0);
    const names = ['manager', 'status', 'clusters', 'nodes', 'history', 'show', 'diff', 'rollback', 'export'];
    for (const name of [...names, 'import', 'remove-node', 'delete-cluster']) expect(out).toContain(name);
    expect(out).toContain('Exit codes');
  });

  it.each([
    'manager',
    'status',
    'clusters',
    'nodes',
    'history',
    'show',
    'diff',
    'rollback',
    'export',
    'import',
    'remove-node',
    'delete-cluster',
  ])('%s explains itself', async (name) => {
    const { code, out } = await cflux(['help', name]);
    expect(code).toBe(0);
    expect(out).toContain(`Usage: cflux ${name}`);
    expect(out.split('\n').length).toBeGreaterThan(8);
  });

  it('exits with code 2 and a hint after an invalid command line', async () => {
    for (const args of [
      ['stats'],
      ['status', '--jason'],
      ['diff', 'prod'],
      ['diff', 'prod', 'one', '2'],
      ['rollback', 'prod', '0'],
      ['remove-node', 'prod', '-1'],
      ['manager', '--listen', 'nowhere'],
      ['manager', '--node-ttl', '15'],
      ['manager', '--history', '0'],
      [],
    ]) {
      const { code, err } = await cflux(args);
      expect(code, args.join(' ')).toBe(2);
      expect(err.length).toBeGreaterThan(20);
    }
    expect((await cflux(['statu'])).err).toContain('Did you mean status?');
  });

  it('exits with code 4 if no manager responds', { timeout: 60_000 }, async () => {
    const { code, err } = await cflux(['clusters', '--endpoint', 'http://127.0.0.1:9']);
    expect(code).toBe(4);
    expect(err).toContain('127.0.0.1:9');
  });

  it('sends its token, and exits with code 5 if access is refused', async () => {
    const token = 'operator-token-01';
    const { url } = await serve({}, { tokens: [{ name: 'ops', token, scopes: ['read'] }] });
    const env = { CFLUX_ENDPOINT: url };
    const refused = await cflux(['clusters'], { env });
    expect([refused.code, refused.err]).toEqual([5, expect.stringContaining('requires Authorization')]);
    const file = join(await temporaryDirectory(), 'token');
    await writeFile(file, `${token}\n`);
    expect((await cflux(['clusters', '--token-file', file], { env })).code).toBe(0);
    expect((await cflux(['clusters'], { env: { ...env, CFLUX_TOKEN: token } })).code).toBe(0);
    const forbidden = await cflux(['remove-node', 'prod', '7', '--token-file', file], { env });
    expect([forbidden.code, forbidden.err]).toEqual([5, expect.stringContaining('lacks the scope node')]);
  });

  it('explains that a token with the scope read shows no snapshot, for every command that reads one', async () => {
    const tokens = [
      { name: 'ops', token: 'operator-token-01', scopes: ['read'] as const },
      { name: 'root', token: 'root-root-root-root', scopes: ['admin'] as const },
    ];
    const { url } = await serve({}, { tokens });
    const env = { CFLUX_ENDPOINT: url, CFLUX_TOKEN: tokens[0]?.token };
    const schema = join(await temporaryDirectory(), 'schema.iql');
    await writeFile(schema, 'CREATE DATABASE sensors');
    const root = { env: { ...env, CFLUX_TOKEN: tokens[1]?.token } };
    expect((await cflux(['exec', '--create-cluster', 'CREATE DATABASE db'], root)).code).toBe(0);
    const [{ version }] = JSON.parse((await cflux(['history', '--json'], { env })).out);
    for (const args of [
      ['show'],
      ['show', 'default', String(version)],
      ['diff', 'default', String(version), String(version)],
      ['export'],
      ['plan'],
      ['apply', schema, '--dry-run'],
      ['exec', 'SHOW DATABASES'],
      ['rollback', 'default', String(version), '--dry-run'],
    ]) {
      const { code, out, err } = await cflux(args, { env });
      expect([code, out, err], args.join(' ')).toEqual([
        5,
        '',
        expect.stringMatching(
          /"ops" lacks the scope metadata, .* password hashes: use a token with the scope metadata/,
        ),
      ]);
    }
    for (const command of ['status', 'clusters', 'nodes', 'history'])
      expect((await cflux([command], { env })).code, command).toBe(0);
  });
});

describe('status, clusters and nodes', () => {
  it('are tables for people, and JSON for programs', async () => {
    const { run, manager, meta, url } = await setUp();
    const empty = await run(['status']);
    expect(empty.out).toBe(`${url} is ready.\n\nNo clusters yet; the first node that opens creates one.`);
    const version = await change(manager, meta, () => meta.createDatabase('db'));
    const { id } = await manager.register('prod', {
      ip: '10.0.0.1,10.0.0.2,',
      hostname: 'h1',
      bindAddress: 'h1:8086',
    });
    const { id: gone } = await manager.register('prod', { ip: '', hostname: 'h2', bindAddress: 'h2:8086' });
    await manager.heartbeat('prod', gone, { leaving: true });

    const status = await run(['status']);
    expect(status.out).toMatch(/^CLUSTER +VERSION +CHANGED +SIZE +ALIVE +NODES$/m);
    const short = `…${String(version).slice(-4)}`;
    expect(status.out).toMatch(new RegExp(`^prod +${short} +now +\\d+ B +1 +2$`, 'm'));
    expect(JSON.parse((await run(['status', '--json'])).out)).toMatchObject({
      ready: true,
      clusters: [{ cluster: 'prod', version, nodes: 2, alive: 1 }],
    });
    expect(JSON.parse((await run(['clusters', '--json'])).out)).toMatchObject([{ cluster: 'prod' }]);

    const nodes = await run(['nodes', 'prod']);
    const age = '(now|\\d+ s ago)';
    const unknown = new RegExp(
      `^prod +${id} +unknown +- +- +- +${age} +h1 +h1:8086 +10.0.0.1 10.0.0.2$`,
      'm',
    );
    for (const { out } of [nodes, await run(['nodes'])]) {
      expect(out).toMatch(unknown);
      expect(out).toMatch(new RegExp(`^prod +${gone} +dead +- +- +- +${age} +h2 +h2:8086$`, 'm'));
    }
    const progress = { instance: 'i', version, epoch: await manager.epoch('prod') };
    await manager.heartbeat('prod', id, { progress });
    expect((await run(['nodes'])).out).toMatch(new RegExp(`^prod +${id} +up to date +${short} +- `, 'm'));
    expect(JSON.parse((await run(['nodes', 'prod', '--json'])).out)).toMatchObject([
      { id, alive: true, ip: '10.0.0.1,10.0.0.2', addresses: ['10.0.0.1', '10.0.0.2'] },
      { id: gone, alive: false, ip: '', addresses: [] },
    ]);

    expect((await run(['remove-node', 'prod', String(gone)])).code).toBe(0);
    const again = await run(['remove-node', 'prod', String(gone)]);
    expect([again.code, again.err]).toEqual([3, expect.stringContaining('Key not found')]);
    expect(await manager.nodes('prod')).toHaveLength(1);
  });

  it('remove the nodes that have been dead so long, and skip those whose last sign of life is not known', async () => {
    const { run, manager, meta } = await setUp();
    await change(manager, meta, () => meta.createDatabase('db'));
    const nothing = await run(['remove-node', 'prod', '--dead-for', '1d']);
    expect([nothing.code, nothing.out]).toEqual([0, 'No nodes to remove.']);
    const seen: [alive: boolean, lastSeen?: number | undefined][] = [
      [true, 200_000_000],
      [false, 200_000_000],
      [false, 86_400_000],
      [false, 86_399_999],
      [false, undefined],
    ];
    const ids = await Promise.all(
      seen.map(async (_, at) => {
        const description = { ip: '', hostname: `h${at}`, bindAddress: `h${at}:8086` };
        return (await manager.register('prod', description)).id;
      }),
    );
    const list = manager.nodes.bind(manager);
    manager.nodes = async (cluster) =>
      (await list(cluster)).map(({ lastSeen: _, ...node }) => {
        const [alive = true, lastSeen] = seen[ids.indexOf(node.id)] ?? [];
        return { ...node, alive, ...(lastSeen === undefined ? {} : { lastSeen }) };
      });
    const { out, err } = await run(['remove-node', 'prod', '--dead-for', '1d']);
    expect(out.split('\n').toSorted()).toEqual([
      `Removed node ${ids[1]} (h1), last seen 2 d ago.`,
      `Removed node ${ids[2]} (h2), last seen 1 d ago.`,
    ]);
    expect(err).toBe(
      `cflux: skipped node ${ids[4]} (h4): it is dead, but the time of its last request is unknown`,
    );
    expect((await list('prod')).map(({ id }) => id)).toEqual([ids[0], ids[3], ids[4]]);
    const json = await run(['remove-node', 'prod', '--dead-for', '1s', '--json']);
    expect(JSON.parse(json.out)).toEqual({ cluster: 'prod', removed: [ids[3]], skipped: [ids[4]] });
    for (const args of [[], ['7', '--dead-for', '1d'], ['--dead-for', 'soon']])
      expect((await run(['remove-node', 'prod', ...args])).code, args.join(' ')).toBe(2);
  });

  it('report that the manager is not ready', async () => {
    const { run, manager } = await setUp();
    await manager.close();
    const { code, err } = await run(['status']);
    expect([code, err]).toEqual([4, expect.stringContaining('is closing')]);
  });

  it('print no escape sequence of a name', async () => {
    const { run, manager, meta } = await setUp();
    await change(manager, meta, () => {}, 'red\u001b[31m');
    const { out } = await run(['clusters']);
    expect(out).toContain('red\\u{1b}[31m');
    expect(out).not.toContain('\u001b');
  });
});

describe('history, show and diff', () => {
  it('show write limits, and tell one that was removed from one that a push lost', async () => {
    const { run, manager, meta } = await setUp();
    const first = await change(manager, meta, () =>
      meta.createDatabaseWithRetentionPolicy('d', {
        name: 'r',
        futureWriteLimit: '1h',
        pastWriteLimit: '2h',
      }),
    );
    expect((await run(['show', 'prod'])).out).toContain(
      '  retention policy "r": duration for ever, shard duration 168h0m0s, replicas 1, future limit 1h0m0s, past limit 2h0m0s',
    );
    const exported = (await run(['export', 'prod', '--format', 'iql'])).bytes.toString();
    expect(exported).toContain('SHARD DURATION 1w FUTURE LIMIT 1h PAST LIMIT 2h NAME r');
    const second = await change(manager, meta, async () => {
      await meta.updateRetentionPolicy('d', 'r', { futureWriteLimit: 0n }, false);
      const data = meta.data();
      const lost = data.databases.map((database) => ({
        ...database,
        retentionPolicies: database.retentionPolicies.map(({ pastWriteLimit: _lost, ...rest }) => rest),
      }));
      await meta.setData({ ...data, databases: lost });
    });
    expect((await run(['diff', 'prod', String(first), String(second)])).out.split('\n')).toEqual([
      '~ database "d" / retention policy "r" / future limit: 1h0m0s → none',
      '~ database "d" / retention policy "r" / past limit: 2h0m0s → nothing',
    ]);
  });

  it('print when each version was made, its contents, and the changes', async () => {
    const { run, manager, meta } = await setUp();
    const first = await change(manager, meta, () =>
      meta.createDatabaseWithRetentionPolicy('telegraf', { name: 'week', duration: '7d' }),
    );
    const second = await change(manager, meta, async () => {
      await meta.createUser('bob', 'secret', true);
      await meta.createContinuousQuery('telegraf', 'cq', 'SELECT mean(v) INTO x FROM y GROUP BY time(5m)');
      await meta.updateRetentionPolicy('telegraf', 'week', { duration: '30d' }, false);
      await meta.createSubscription('telegraf', 'week', 'sub', 'ALL', ['http://h:1']);
    });
    const third = await change(manager, meta, async () => {
      await meta.dropDatabase('telegraf');
      await meta.updateUser('bob', 'other');
    });

    const history = await run(['history', 'prod']);
    const listed = history.out.split('\n').map((line) => line.trim().split(' ')[0]);
    const short = (version: number) => `…${String(version).slice(-4)}`;
    expect(listed).toEqual(['VERSION', short(third), short(second), short(first)]);
    expect(history.out).toContain('node 7');
    // Meanwhile the versions have aged.
    const withoutAges = (text: string) => text.replaceAll(/now|\d+ \w+ ago/g, '').replaceAll(/ +/g, ' ');
    const byVariable = await run(['history'], { env: { CLUSTER: 'prod' } });
    expect(withoutAges(byVariable.out)).toBe(withoutAges(history.out));

    const shown = await run(['show', 'prod', String(second)]);
    expect(shown.out).toContain('database "telegraf": default policy "week"');
    expect(shown.out).toContain(
      '  retention policy "week": duration 720h0m0s, shard duration 24h0m0s, replicas 1',
    );
    expect(shown.out).toContain('    subscription "sub": mode ALL, destinations http://h:1');
    expect(shown.out).toContain('user "bob": admin yes');
    expect(shown.out).not.toContain('$2');
    const json = JSON.parse((await run(['show', 'prod', '--json'])).out);
    expect(json).toMatchObject({ cluster: 'prod', version: third, users: [{ name: 'bob' }] });
    expect(JSON.stringify(json)).not.toContain('$2');

    const forth = await run(['diff', 'prod', String(first), String(second)]);
    expect(forth.out.split('\n')).toEqual([
      '~ database "telegraf" / retention policy "week" / duration: 168h0m0s → 720h0m0s',
      '+ database "telegraf" / retention policy "week" / subscription "sub": mode ALL, destinations http://h:1',
      '+ database "telegraf" / continuous query "cq": query SELECT mean(v) INTO x FROM y GROUP BY time(5m)',
      '+ user "bob": admin yes',
    ]);
    const back = await run(['diff', 'prod', String(second), String(third)]);
    expect(back.out).toContain('- database "telegraf"');
    expect(back.out).toContain('~ user "bob" / password: changed');
    expect((await run(['diff', 'prod', String(first), String(first)])).out).toBe('No differences.');
    const machine = JSON.parse((await run(['diff', 'prod', String(first), String(second), '--json'])).out);
    expect(machine[0]).toEqual({
      kind: 'changed',
      path: ['database "telegraf"', 'retention policy "week"'],
      property: 'duration',
      from: '168h0m0s',
      to: '720h0m0s',
    });
    for (const args of [
      ['history', 'nope'],
      ['show', 'nope'],
      ['show', 'prod', '7'],
      ['diff', 'prod', '7', '8'],
    ]) {
      expect((await run(args)).code, args.join(' ')).toBe(3);
    }
  });
});

describe('versions', () => {
  it('are written as endings, latest, -1 and ~2, in every command', async () => {
    const { run, manager, meta } = await setUp();
    const first = await change(manager, meta, () => meta.createDatabase('one'));
    const second = await change(manager, meta, () => meta.createDatabase('two'));
    const third = await change(manager, meta, () => meta.createDatabase('three'));
    const versionShown = async (notation: string) => {
      const { out } = await run(['show', 'prod', notation, '--json']);
      return JSON.parse(out).version;
    };
    const ending = String(second).slice(-4);
    for (const notation of ['-1', '~1', 'latest~1', 'latest-1', `…${ending}`, `...${ending}`, ending])
      expect(await versionShown(notation), notation).toBe(second);
    for (const notation of ['latest', '-0', '~0', String(third)])
      expect(await versionShown(notation), notation).toBe(third);
    for (const notation of ['-2', '~2']) expect(await versionShown(notation), notation).toBe(first);
    const [, listed = ''] = (await run(['history', 'prod'])).out.split('\n');
    expect(await versionShown(listed.split(' ')[0] ?? '')).toBe(third);

    const exported = await run(['export', 'prod', '-2']);
    expect(exported.bytes).toEqual(Buffer.from(await manager.version('prod', first)));
    expect((await run(['diff', 'prod', '~2', 'latest'])).out.match(/^\+ database/gm)).toHaveLength(2);
    const undone = await run(['rollback', 'prod', '-1']);
    expect(undone.out).toContain(`Version ${second} is current again`);
  });

  it('compare with their predecessor in a diff of one version', async () => {
    const { run, manager, meta } = await setUp();
    const first = await change(manager, meta, () => meta.createDatabase('one'));
    const second = await change(manager, meta, () => meta.createDatabase('two'));
    await change(manager, meta, () => meta.createDatabase('three'));
    for (const notation of [String(second), '-1'])
      expect((await run(['diff', 'prod', notation])).out.split('\n')[0]).toContain('+ database "two"');
    expect((await run(['diff', 'prod', 'latest'])).out).not.toContain('"two"');
    const oldest = await run(['diff', 'prod', String(first)]);
    expect([oldest.code, oldest.err]).toEqual([3, expect.stringContaining('is the oldest one')]);
  });

  it('that do not exist, are ambiguous or are no version are refused with what there is', async () => {
    const { run, manager, meta } = await setUp();
    const first = await change(manager, meta, () => meta.createDatabase('one'));
    const second = await change(manager, meta, () => meta.createDatabase('two'));
    for (const notation of ['-2', '~7', '…000000000001']) {
      const { code, err } = await run(['show', 'prod', notation]);
      expect([code, err], notation).toEqual([
        3,
        expect.stringContaining(`2 versions, ${first} to ${second}`),
      ]);
    }
    for (const notation of ['newest', '…', '~', '-x', '…47x', '-1.5', 'latest~'])
      expect((await run(['show', 'prod', notation])).code, notation).toBe(2);
  });
});

describe('rollback (R25)', () => {
  it('makes an old version current as a new one, and lets no counter fall', async () => {
    const { run, manager, meta } = await setUp();
    const first = await change(manager, meta, () => meta.createDatabase('kept'));
    const at = 1_700_000_000_000_000_000n;
    const second = await change(manager, meta, async () => {
      await meta.createDatabase('added');
      await meta.createShardGroup('added', 'autogen', at);
      await meta.createShardGroup('kept', 'autogen', at);
    });
    const dry = await run(['rollback', 'prod', String(first), '--dry-run']);
    expect(dry.out).toContain('- database "added"');
    expect(dry.out).toContain('nothing was changed');
    expect(await manager.history('prod')).toHaveLength(2);

    const done = await run(['rollback', 'prod', String(first)]);
    expect(done.code).toBe(0);
    const [newest] = await manager.history('prod');
    expect(newest?.version).toBeGreaterThan(second);
    expect(done.out).toContain(`as version ${newest?.version}`);
    const data = decodeMetadata(await manager.version('prod', newest?.version ?? 0));
    expect(data.databases.map(({ name }) => name)).toEqual(['kept']);
    const before = decodeMetadata(await manager.version('prod', second));
    expect(data.maxShardGroupId).toBe(before.maxShardGroupId);
    expect(data.maxShardId).toBe(before.maxShardId);
    expect(data.maxShardId).toBeGreaterThan(0n);

    const again = await run(['rollback', 'prod', String(first), '--json']);
    expect(JSON.parse(again.out)).toMatchObject({
      changed: false,
      version: newest?.version,
      differences: [],
    });
    expect(await manager.history('prod')).toHaveLength(3);
    expect((await run(['rollback', 'prod', '7'])).code).toBe(3);
  });

  it('that conflicts with a concurrent change stores nothing, and exits with code 6', async () => {
    const { run, manager, meta } = await setUp();
    const first = await change(manager, meta, () => meta.createDatabase('one'));
    await change(manager, meta, () => meta.createDatabase('two'));
    const read = manager.version.bind(manager);
    manager.version = async (cluster, version) => {
      await change(manager, meta, () => meta.createDatabase('three'));
      return read(cluster, version);
    };
    const { code, err } = await run(['rollback', 'prod', String(first)]);
    expect([code, err]).toEqual([6, expect.stringContaining('nothing was stored')]);
    expect(await manager.history('prod')).toHaveLength(3);
  });
});

describe('export and import', () => {
  it('carry a cluster to another, byte by byte', async () => {
    const { run, manager, meta } = await setUp();
    const first = await change(manager, meta, async () => {
      await meta.createDatabase('db');
      await meta.createUser('bob', 'secret', true);
    });
    await change(manager, meta, () => meta.createDatabase('later'));
    const dir = await temporaryDirectory();
    const file = join(dir, 'meta.db');
    expect((await run(['export', 'prod', String(first), '--output', file])).code).toBe(0);
    expect(await readFile(file)).toEqual(Buffer.from(await manager.version('prod', first)));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const again = await run(['export', 'prod', '-o', file]);
    expect([again.code, again.err]).toEqual([2, expect.stringContaining('--output')]);
    const newest = await run(['export', 'prod']);
    expect(decodeMetadata(newest.bytes).databases).toHaveLength(2);

    const imported = await run(['import', 'staging', file]);
    expect(imported.out).toMatch(/^Version \d+: 1 databases and 1 users of /m);
    const [copy] = await manager.history('staging');
    const [original, imprint] = [
      manager.version('prod', first),
      manager.version('staging', copy?.version ?? 0),
    ];
    expect(Buffer.from(await imprint)).toEqual(Buffer.from(await original));
  });

  it('leave a cluster with data alone without --replace, and with it keep its id and counters', async () => {
    const { run, manager, meta } = await setUp();
    const version = await change(manager, meta, async () => {
      await meta.createDatabase('db');
      await meta.createShardGroup('db', 'autogen', 1_700_000_000_000_000_000n);
    });
    const current = decodeMetadata(await manager.version('prod', version));
    const other: MetaData = { ...current, clusterId: 7n, databases: [], maxShardGroupId: 0n, maxShardId: 0n };
    const file = join(await temporaryDirectory(), 'meta.db');
    await writeFile(file, encodeMetadata(other));
    const refused = await run(['import', 'prod', file]);
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('--replace')]);
    expect(await manager.history('prod')).toHaveLength(1);
    const replaced = await run(['import', 'prod', file, '--replace']);
    expect(replaced.out).toContain('- database "db"');
    const [newest] = await manager.history('prod');
    const data = decodeMetadata(await manager.version('prod', newest?.version ?? 0));
    expect(data).toMatchObject({
      clusterId: current.clusterId,
      databases: [],
      maxShardId: current.maxShardId,
    });
  });

  it('refuse a file that is not metadata, and name it', async () => {
    const { run, manager } = await setUp();
    const file = join(await temporaryDirectory(), 'meta.db');
    await writeFile(file, 'not metadata');
    for (const wrong of [file, `${file}.missing`]) {
      const { code, err } = await run(['import', 'prod', wrong]);
      expect([code, err]).toEqual([2, expect.stringContaining(wrong)]);
    }
    expect(await manager.clusters()).toEqual([]);
  });
});

describe('delete-cluster', () => {
  it('asks for the name, and accepts nothing else', async () => {
    const { run, manager, meta } = await setUp();
    await change(manager, meta, () => {});
    for (const options of [{}, { typed: 'yes' }, { typed: '' }]) {
      expect((await run(['delete-cluster', 'prod'], options)).code).toBe(2);
    }
    expect(await manager.clusters()).toHaveLength(1);
    expect((await run(['delete-cluster', 'prod'], { typed: 'prod' })).code).toBe(0);
    expect(await manager.clusters()).toEqual([]);
  });

  it('does not ask with --yes, warns of nodes that are alive, and reports a missing cluster', async () => {
    const { run, manager, meta } = await setUp();
    await change(manager, meta, () => {});
    await manager.register('prod', { ip: '', hostname: 'h' });
    const { code, err } = await run(['delete-cluster', 'prod', '--yes']);
    expect([code, err]).toEqual([0, expect.stringContaining('1 of its 1 nodes are alive')]);
    expect((await run(['delete-cluster', 'prod', '--yes'])).code).toBe(3);
  });
});
