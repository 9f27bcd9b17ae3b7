import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, readdirSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readShards } from '../src/influxdb/recover/read-shards.js';
import { rebuildMetadata } from '../src/influxdb/recover/rebuild-metadata.js';
import { bundle } from '../test/support/bundle.js';
import { measurePair } from './measure.js';
import { type ShardFile, writeSegment, writeShards } from './recover/shard-files.js';
import type { Figure } from './report.js';

const shards = 1_000;
const indexLength = 10_000;
/** Bytes of an index and of an entry of a write-ahead log that are much larger than the memory that may be used. */
const largeIndex = 150 * 2 ** 20;
const largeEntry = 300 * 2 ** 20;

/** The recovery of a server's metadata from 1,000 shards, beside reading the same bytes; and the memory that it takes. */
export async function run(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'cflux-bench-recover-'));
  const [data, wal, meta] = ['data', 'wal', 'meta'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const each of [data, wal, meta]) mkdirSync(each);
  try {
    const files = writeShards(data, shards, indexLength);
    const pair = await measurePair(
      async () => rebuildMetadata(await readShards(data, wal), {}, { withDropped: false }),
      async () => readIndexes(files),
    );
    const empty = await memoryOf(['recover', '--help']);
    const few = await memoryOf(recovery(meta));
    writeShards(join(folder, 'large'), 1, largeIndex);
    mkdirSync(join(folder, 'large-wal', 'telegraf', 'autogen', '1'), { recursive: true });
    writeSegment(join(folder, 'large-wal', 'telegraf', 'autogen', '1', '_00001.wal'), largeEntry);
    const large = await memoryOf([
      ...recovery(meta),
      ...['--data', join(folder, 'large'), '--wal', join(folder, 'large-wal')],
    ]);
    const memory = { unit: 'MiB', target: 100 };
    return [
      {
        name: `metadata rebuilt from ${shards} shards with ${(files.reduce((sum, file) => sum + file.indexLength, 0) / 1e6).toFixed(1)} MB of indexes`,
        value: pair.ours,
        unit: 'ms',
        floorName: 'finding, opening, reading and closing the same bytes',
        floor: pair.floor,
        target: 2,
      },
      { name: 'memory of cflux that prints its help', value: empty, unit: 'MiB' },
      { name: `memory of cflux recover, ${shards} shards`, value: few, ...memory },
      {
        name: `memory of cflux recover, an index of ${largeIndex / 2 ** 20} MiB and a WAL entry of ${largeEntry / 2 ** 20} MiB`,
        value: large,
        ...memory,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const recovery = (meta: string) => [
  ...['recover', '--meta', meta, '--dry-run', '--json'],
  ...['--influxdb', 'http://127.0.0.1:1', '--snapshot', '127.0.0.1:1'],
];

const buffer = Buffer.alloc(256 * 1024);

/** The names of TSM files differ, so their folders must be listed. */
function readIndexes(files: readonly ShardFile[]): void {
  for (const { path, indexAt, indexLength: length } of files) {
    const [name = ''] = readdirSync(dirname(path));
    const file = openSync(join(dirname(path), name), 'r');
    readSync(file, buffer, 0, length, indexAt);
    closeSync(file);
  }
}

/** Resolves with the greatest memory of a process in MiB. */
async function memoryOf(args: readonly string[]): Promise<number> {
  const program = await bundle(fileURLToPath(new URL('recover/recover-process.ts', import.meta.url)));
  const out = execFileSync('sh', ['-c', '"$@" || true', 'sh', process.execPath, program, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 2 ** 28,
  });
  return Number(out.toString().trim().split('\n').at(-1)) / 1024;
}
