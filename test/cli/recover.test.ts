import { execFileSync } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CfluxClient, decodeMetadata, encodeMetadata, LocalMetaClient, type MetaData } from 'clusterflux';
import { describe, expect, it } from 'vitest';
import { emptyLedger, observe } from '../../src/influxdb/ledger/ledger.js';
import { LedgerStore } from '../../src/influxdb/ledger/ledger-store.js';
import { database, day, hour, metadata, policy, subscription, user } from '../influxdb/support/build.js';
import { labManager } from '../influxdb/support/fleet.js';
import { atEnd, directory } from '../influxdb/support/lab.js';
import { cflux } from '../support/fake-terminal.js';
import { walSegment } from '../tsm/real-files.js';
import { writeShard } from '../tsm/write-files.js';

const week = 7n * day;
/** A Monday. */
const monday = BigInt(Date.UTC(2026, 0, 5)) * 1_000_000n;

interface Shard {
  readonly database: string;
  readonly policy: string;
  readonly id: number;
  readonly from: bigint;
  readonly length: bigint;
}

const shard = (database: string, policy: string, id: number, from: bigint, length = hour): Shard => ({
  database,
  policy,
  id,
  from,
  length,
});

/** The folder of a stopped server with these shards on disk, and what recovers it. */
async function stopped(...shards: readonly Shard[]) {
  const dir = await directory();
  for (const part of ['data', 'wal', 'meta']) await mkdir(join(dir, part));
  const write = ({ from, length, ...place }: Shard) =>
    writeShard(join(dir, 'data'), { ...place, first: from, last: from + length - 1n });
  for (const each of shards) await write(each);
  const file = join(dir, 'meta', 'meta.db');
  const run = async (args: readonly string[] = [], env: Record<string, string> = {}) => {
    const nowhere = ['--influxdb', 'http://127.0.0.1:1', '--snapshot', '127.0.0.1:1'];
    const result = await cflux(['recover', '--meta', join(dir, 'meta'), ...nowhere, ...args], { env });
    return {
      ...result,
      metadata: await readFile(file)
        .then(decodeMetadata)
        .catch(() => undefined),
    };
  };
  return { dir, file, run, write, path: (...parts: string[]) => join(dir, ...parts) };
}

/** `id start end` of each group by policy, times in hours after the Monday. */
const groupsOf = (data: MetaData | undefined) =>
  Object.fromEntries(
    (data?.databases ?? []).flatMap((info) =>
      info.retentionPolicies.map((each) => [
        `${info.name}.${each.name}`,
        each.shardGroups.map(({ startTime, endTime, shards }) =>
          [shards.map(({ id }) => id).join(), (startTime - monday) / hour, (endTime - monday) / hour].join(
            ' ',
          ),
        ),
      ]),
    ),
  );

async function cluster(...versions: readonly ((client: CfluxClient<LocalMetaClient>) => Promise<unknown>)[]) {
  const manager = await labManager();
  const client = new CfluxClient(new LocalMetaClient({ bcryptCost: 4 }), {
    cluster: 'prod',
    endpoint: manager.url,
  });
  await client.open();
  atEnd(() => client.close());
  for (const change of versions) await change(client);
  return { client, env: { CFLUX_ENDPOINT: manager.url }, flags: ['--cluster', 'prod'] };
}

describe('R34: cflux recover', () => {
  it('infers everything from the shards without any source, and reports what it guessed', async () => {
    const { run } = await stopped(
      ...[0n, 1n, 2n].map((at) => shard('a', 'autogen', Number(at) + 1, monday + at * week, week)),
      ...[0n, 1n, 2n].map((at) => shard('a', 'daily', Number(at) + 4, monday + at * day, day)),
      shard('b', 'only', 7, monday, 30n * 60_000_000_000n),
      shard('_internal', 'monitor', 8, monday, day),
    );
    const { code, out, metadata: after } = await run();
    expect(code).toBe(0);
    expect(groupsOf(after)).toEqual({
      '_internal.monitor': ['8 0 24'],
      'a.autogen': ['1 0 168', '2 168 336', '3 336 504'],
      'a.daily': ['4 0 24', '5 24 48', '6 48 72'],
      'b.only': ['7 0 168'],
    });
    expect(after?.databases).toMatchObject([
      {
        name: '_internal',
        defaultRetentionPolicy: 'monitor',
        retentionPolicies: [{ duration: week, shardGroupDuration: day }],
      },
      {
        defaultRetentionPolicy: 'autogen',
        retentionPolicies: [
          { duration: 0n, shardGroupDuration: week },
          { duration: 0n, shardGroupDuration: day },
        ],
      },
      { defaultRetentionPolicy: 'only' },
    ]);
    expect(after).toMatchObject({ maxShardId: 8n, maxShardGroupId: 8n, users: [] });
    for (const guess of [
      'the default retention policy of "a" is unknown: "autogen" is taken',
      'the default retention policy of "b" is unknown: "only" is taken, its only policy',
      'retention policy "daily" on "a" is unknown: it keeps points for ever, with a shard duration of 24h0m0s',
      'the cluster id of the server is unknown',
    ])
      expect(out).toContain(guess);
    expect(out).not.toContain('"monitor" on "_internal" is unknown');
  });

  it('takes everything that is not on disk from an older meta.db, and the groups that it knows', async () => {
    const { run, path } = await stopped(
      shard('a', 'p', 3, monday, 90n * 60_000_000_000n),
      shard('a', 'p', 9, monday + 30n * week),
      shard('a', 'p', 10, monday + 60n * week, 2n * day),
    );
    const group = (id: bigint, start: bigint, end: bigint) => ({
      id,
      startTime: start,
      endTime: end,
      shards: [{ id, owners: [] }],
    });
    const older = metadata({
      clusterId: 77n,
      index: 40n,
      maxShardId: 12n,
      maxShardGroupId: 20n,
      databases: [
        database('a', [
          policy('p', {
            duration: 300n * week,
            shardGroupDuration: week,
            // The second one does not hold the points of its shard, and the third one is not on disk.
            shardGroups: [
              group(3n, monday, monday + 5n * hour),
              { ...group(9n, monday, monday + week), id: 5n },
              group(11n, monday + 5n * week, monday + 6n * week),
            ],
            subscriptions: [subscription('kapacitor-1')],
          }),
        ]),
        database('empty'),
      ],
      users: [user('root', { admin: true })],
    });
    await writeFile(path('older.db'), encodeMetadata(older));
    const { code, out, metadata: after } = await run(['--from', path('older.db')]);
    expect(code).toBe(0);
    expect(groupsOf(after)).toEqual({
      'a.p': ['3 0 5', `9 ${30 * 168} ${31 * 168}`, `10 ${60 * 168} ${61 * 168}`],
      'empty.autogen': [],
    });
    expect(after).toMatchObject({ clusterId: 77n, index: 41n, maxShardId: 12n, users: older.users });
    const ids = after?.databases[0]?.retentionPolicies[0]?.shardGroups.map(({ id }) => id);
    expect(ids).toEqual([21n, 22n, 23n]);
    expect(after?.maxShardGroupId).toBe(23n);
    expect(out).toMatch(/shard 9 of "a"."p" has points outside its group/);
  });

  it('takes the portable and the legacy backup of InfluxDB, and refuses other files', async () => {
    const { run, path } = await stopped(shard('a', 'autogen', 1, monday));
    await writeFile(path('text'), 'hello');
    expect(await run(['--from', path('text')])).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--from: .*text/),
    });
    const bytes = Buffer.from(encodeMetadata(metadata({ clusterId: 5n, databases: [database('a')] })));
    const portable = Buffer.concat([Buffer.of(0x0a, bytes.length), bytes, Buffer.of(0x10, 0)]);
    await writeFile(path('x.meta'), portable);
    expect(await run(['--from', path('x.meta')])).toMatchObject({ code: 0, metadata: { clusterId: 5n } });
  });

  it('uses the schema of the cluster, and the cluster id and index of the record of the agent', async () => {
    const { run, path } = await stopped(shard('a', 'p', 2, monday), shard('own', 'autogen', 5, monday));
    const { client, env, flags } = await cluster(async (its) => {
      await its.createDatabase('a');
      await its.createRetentionPolicy('a', { name: 'p', duration: '60d', shardGroupDuration: '1d' }, true);
      await its.createUser('u', 'p', true);
    });
    const ledger = emptyLedger(
      { url: 'http://x', clusterId: 123n, index: 500n },
      { clusterId: client.meta.clusterId() },
    );
    await mkdir(path('agent'));
    await new LedgerStore(path('agent')).save(ledger);
    const { code, out, metadata: after } = await run([...flags, '--agent', path('agent')], env);
    expect(code).toBe(0);
    expect(after).toMatchObject({ clusterId: 123n, index: 501n, users: [{ name: 'u' }] });
    expect(groupsOf(after)).toMatchObject({ 'a.p': ['2 0 24'], 'own.autogen': ['5 0 168'] });
    expect(after?.databases.find(({ name }) => name === 'a')).toMatchObject({ defaultRetentionPolicy: 'p' });
    expect(out).toContain(
      'database "own" is not in the cluster, and nothing shows that the cluster dropped it',
    );
  });

  it.each(['history', 'ledger'])(
    'lists what the cluster dropped, and recreates it only with --with-dropped (%s)',
    async (evidence) => {
      const { run, path } = await stopped(
        shard('gone', 'p', 1, monday, day),
        shard('a', 'autogen', 2, monday),
        shard('a', 'gone', 3, monday),
      );
      const { client, env, flags } = await cluster(async (its) => {
        await its.createDatabase('a');
        await its.createDatabaseWithRetentionPolicy('gone', { name: 'p', shardGroupDuration: '1d' });
        await its.createRetentionPolicy('a', { name: 'gone' }, false);
        await its.createUser('gone', 'p', false);
      });
      const before = client.meta.data();
      await client.dropUser('gone');
      await client.dropRetentionPolicy('a', 'gone');
      await client.dropDatabase('gone');
      const record: string[] = [];
      if (evidence === 'ledger') {
        // The versions with them are not kept any more.
        for (let at = 0; at < 12; at++) await client.createDatabase(`more ${at}`);
        const server = { url: 'http://x' };
        const origin = { clusterId: before.clusterId };
        const seen = { server, origin, wanted: before, present: metadata() };
        await mkdir(path('agent'));
        await new LedgerStore(path('agent')).save(observe(emptyLedger(server, origin), seen));
        record.push('--agent', path('agent'));
      }
      await writeFile(path('older.db'), encodeMetadata(before));
      const args = [...flags, ...record, '--from', path('older.db')];
      const { code, out, metadata: after } = await run(args, env);
      expect(code).toBe(0);
      for (const text of [
        'database "gone" was dropped by the cluster: not recreated',
        'retention policy "gone" on "a" was dropped by the cluster: not recreated',
        'user "gone" was dropped by the cluster: not recreated',
      ])
        expect(out).toContain(text);
      expect(groupsOf(after)).toMatchObject({ 'a.autogen': ['2 0 168'] });
      expect(Object.keys(groupsOf(after))).not.toContain('gone.p');
      expect(Object.keys(groupsOf(after))).not.toContain('a.gone');
      expect(after).toMatchObject({ maxShardId: 3n, users: [] });

      const again = await run([...args, '--with-dropped'], env);
      expect(again.code).toBe(0);
      expect(groupsOf(again.metadata)).toMatchObject({ 'gone.p': ['1 0 24'], 'a.gone': ['3 0 168'] });
      expect(again.metadata?.users).toEqual([]);
    },
  );

  it('names damaged and foreign files, and leaves out only shards that cannot be read at all', async () => {
    const { run, path, write } = await stopped(
      shard('a', 'autogen', 1, monday),
      shard('a', 'autogen', 2, monday + week),
    );
    const damaged = await write(shard('a', 'autogen', 3, monday + 2n * week));
    await writeFile(damaged, (await readFile(damaged)).subarray(0, -20));
    await writeFile(path('data', 'a', 'autogen', '1', '000000002-000000001.tsm'), 'a text');
    await mkdir(path('data', 'a', 'autogen', 'backup'));
    await mkdir(path('data', 'lost+found'));
    execFileSync('mkfifo', [path('data', 'a', 'autogen', '2', '000000009-000000001.tsm')]);
    await mkdir(path('data', 'a', 'autogen', '7'));
    await symlink(path('data', 'a'), path('data', 'link'));
    const { code, out, err, metadata: after } = await run(['--json']);
    expect(code).toBe(1);
    expect(err).toContain('1 shards on disk are not in');
    // The group without a span is at the beginning of 1970.
    expect(groupsOf(after)).toEqual({
      'a.autogen': [`7 ${-monday / hour} ${-monday / hour}`, '1 0 168', '2 168 336'],
    });
    expect(after?.maxShardId).toBe(7n);
    const { findings } = JSON.parse(out);
    const messagesOf = (kind: string) => findings.filter((each: { kind: string }) => each.kind === kind);
    expect(messagesOf('damaged').map(({ path: its }: { path: string }) => its.slice(path().length))).toEqual([
      '/data/link',
      '/data/a/autogen/backup',
      '/data/a/autogen/1/000000002-000000001.tsm',
      '/data/a/autogen/2/000000009-000000001.tsm',
      '/data/a/autogen/3/000000001-000000001.tsm',
    ]);
    expect(messagesOf('leftOut')).toMatchObject([
      { shard: '3', message: expect.stringContaining('no file that can be read') },
    ]);
    expect(messagesOf('guessed')).toContainEqual(
      expect.objectContaining({ shard: '7', message: expect.stringContaining('has no points') }),
    );
  });

  it('reads write-ahead logs, also of a shard without a directory of data, up to where they are damaged', async () => {
    const { run, path } = await stopped(shard('a', 'autogen', 4, monday));
    for (const [id, bytes] of [
      [4, walSegment],
      [5, walSegment.subarray(0, 120)],
      [6, Buffer.alloc(0)],
    ] as const) {
      await mkdir(path('wal', 'a', 'autogen', String(id)), { recursive: true });
      await writeFile(path('wal', 'a', 'autogen', String(id), '_00001.wal'), bytes);
    }
    const { out, metadata: after } = await run();
    const groups = after?.databases[0]?.retentionPolicies[0]?.shardGroups ?? [];
    // Shard 6 has no point and no data: InfluxDB never knew it.
    expect(groups.map(({ shards }) => shards[0]?.id).sort()).toEqual([4n, 5n]);
    const [five] = groups.filter(({ shards }) => shards[0]?.id === 5n);
    expect(five?.startTime).toBeLessThanOrEqual(1_000_000_000n);
    expect(five?.endTime).toBeGreaterThan(2_000_000_000n);
    const [four] = groups.filter(({ shards }) => shards[0]?.id === 4n);
    expect(four?.startTime).toBeLessThanOrEqual(-2_000_000_000n);
    expect(out).toMatch(/_00001.wal: an entry is cut short \(byte 99\)/);
    expect(out).toContain('shard 5 of "a"."autogen" has a write-ahead log and no directory');
  });

  it('leaves out shards whose id is on disk twice, unless older metadata knows which is right', async () => {
    const { run, path } = await stopped(
      shard('a', 'autogen', 1, monday),
      shard('b', 'autogen', 1, monday),
      shard('b', 'autogen', 2, monday),
    );
    const first = await run();
    expect(first.code).toBe(1);
    expect(groupsOf(first.metadata)).toEqual({ 'a.autogen': [], 'b.autogen': ['2 0 168'] });
    expect(first.out).toContain('has the id of shard 1 of "b"."autogen"');
    const group = { id: 1n, startTime: monday, endTime: monday + week, shards: [{ id: 1n, owners: [] }] };
    const older = metadata({ databases: [database('a', [policy('autogen', { shardGroups: [group] })])] });
    await writeFile(path('older.db'), encodeMetadata(older));
    const second = await run(['--from', path('older.db')]);
    expect(groupsOf(second.metadata)).toMatchObject({ 'a.autogen': ['1 0 168'], 'b.autogen': ['2 0 168'] });
  });

  it('marks groups that overlap so that points are found elsewhere, and shards of another policy in the present file', async () => {
    const { run, file } = await stopped(
      shard('a', 'autogen', 1, monday, week),
      // The same week again: the file was lost before, and InfluxDB began again.
      shard('a', 'autogen', 2, monday + day, day),
    );
    const group = { id: 1n, startTime: monday, endTime: monday + week, shards: [{ id: 1n, owners: [] }] };
    const present = metadata({
      clusterId: 8n,
      databases: [database('telegraf', [policy('autogen', { shardGroups: [group] })])],
    });
    await writeFile(file, encodeMetadata(present));
    const { out, metadata: after } = await run();
    expect(out).toMatch(/overlapping shard groups:\n {2}shard \d of "a"."autogen" has points between/);
    expect(out).toContain('shard 1 of "a"."autogen" is one of "telegraf"."autogen" in the present meta.db');
    // What is only in the present file is not lost.
    expect(groupsOf(after)).toMatchObject({ 'telegraf.autogen': [] });
    expect(after?.clusterId).toBe(8n);
  });

  it('changes nothing with --dry-run, and does not need a cluster with --no-cluster', async () => {
    const { run, file } = await stopped(shard('a', 'autogen', 1, monday));
    await writeFile(file, 'damaged');
    const { code, out } = await run(['--dry-run', '--no-cluster'], {
      CLUSTER: 'prod',
      CFLUX_ENDPOINT: 'http://127.0.0.1:1',
    });
    expect(code).toBe(2);
    expect(out).toContain('Dry run: nothing was changed.');
    expect(await readFile(file, 'utf8')).toBe('damaged');
    expect(await run([], { CLUSTER: 'prod', CFLUX_ENDPOINT: 'http://127.0.0.1:1' })).toMatchObject({
      code: 4,
    });
    for (const option of ['data', 'wal']) {
      const { code: refused, err } = await run([`--${option}`, '/no/such/directory']);
      expect([refused, err]).toEqual([2, expect.stringMatching(`${option}: .*no such file`)]);
    }
  });
});
