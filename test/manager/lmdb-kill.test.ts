import { type ChildProcess, spawn } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LmdbStore } from 'clusterflux/manager';
import { ManualClock } from 'clusterflux/testing';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemRandom } from '../../src/random.js';
import { bundle } from '../support/bundle.js';
import { snapshotOn } from '../support/snapshot-on.js';

// To start a process costs a hundred times what to kill it does, so most deaths are taken from one that lives on: it is stopped, its
// files are copied as they are, which is what a SIGKILL would have left, and it goes on. At night there are a thousand of either.
const kills = Number(process.env['CFLUX_KILLS'] ?? 8);
const copies = Number(process.env['CFLUX_COPIES'] ?? 80);
const lanes = 2;

interface Acknowledged {
  readonly version: number;
  readonly mutation: string;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function temporaryDirectory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cflux-kill-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

let program = '';
beforeAll(async () => {
  program = await bundle(fileURLToPath(new URL('../support/pushing-child.ts', import.meta.url)));
});

/** A process that pushes in a loop, and the pushes that it reported as acknowledged. */
class Pusher {
  readonly acknowledged: Acknowledged[];
  readonly child: ChildProcess;
  readonly closed: Promise<void>;
  readonly started: Promise<void>;
  #rest = '';

  constructor(dir: string, acknowledged: Acknowledged[] = []) {
    this.acknowledged = acknowledged;
    this.child = spawn(process.execPath, [program, dir, 'a'], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.closed = new Promise((resolve) => this.child.once('close', () => resolve()));
    this.started = new Promise((resolve) => this.child.stdout?.once('data', () => resolve()));
    this.child.stdout?.on('data', (chunk: Buffer) => this.#read(chunk.toString()));
    onTestFinished(() => {
      this.child.kill('SIGKILL');
    });
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      const [version, mutation = ''] = line.split(' ');
      this.acknowledged.push({ version: Number(version), mutation });
    }
  }
}

/** Nothing that was acknowledged is lost, and nothing that is there is torn. */
async function verify(dir: string, acknowledged: readonly Acknowledged[]): Promise<void> {
  const store = new LmdbStore({ dir });
  await store.open({
    clock: new ManualClock(),
    random: systemRandom,
    nodeTtl: 15_000,
    keepVersions: 10,
    mutationMemory: 600_000,
    maxNodes: 100,
  });
  try {
    const history = await store.history('a');
    const newest = history[0]?.version ?? 0;
    const last = acknowledged.at(-1);
    if (last !== undefined && newest < last.version) expect.fail(`lost ${last.version}: there is ${newest}`);
    for (const [i, { version, size }] of history.entries()) {
      const snapshot = await store.read('a', version);
      if (snapshot?.byteLength !== size) expect.fail(`version ${version} is torn`);
      const base = history[i + 1]?.version;
      if (base === undefined) continue;
      if (version <= base) expect.fail(`${version} follows ${base}`);
      if (!snapshotOn(base).equals(snapshot)) expect.fail(`version ${version} is changed`);
    }
    for (const { version } of acknowledged.slice(-5)) {
      if (!history.some((record) => record.version === version)) expect.fail(`lost ${version}`);
    }
    if (last === undefined) return;
    const again = { cluster: 'a', base: 0, snapshot: new Uint8Array(1), mutation: last.mutation };
    expect(await store.commit(again)).toMatchObject({ kind: 'repeated', version: last.version });
  } finally {
    await store.close();
  }
}

describe('#19 the store fails: LmdbStore, killed in the middle of pushes, loses nothing acknowledged and tears nothing (R20)', () => {
  it(`${kills} times by SIGKILL, on the same directory`, { timeout: 600_000 }, async () => {
    let left = kills;
    const lane = async () => {
      const dir = await temporaryDirectory();
      const acknowledged: Acknowledged[] = [];
      while (left-- > 0) {
        const pusher = new Pusher(dir, acknowledged);
        await pusher.started;
        await sleep(Math.random() * 10);
        pusher.child.kill('SIGKILL');
        await pusher.closed;
        await verify(dir, acknowledged);
      }
      expect(acknowledged.length).toBeGreaterThan(0);
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  });

  it(`${copies} times, by its files at that moment`, { timeout: 600_000 }, async () => {
    let left = copies;
    const lane = async () => {
      const [dir, copied] = [await temporaryDirectory(), await temporaryDirectory()];
      const pusher = new Pusher(dir);
      await pusher.started;
      const pid = pusher.child.pid ?? 0;
      while (left-- > 0) {
        await sleep(Math.random() * 4);
        process.kill(pid, 'SIGSTOP');
        // Pushes reported before the stop count as acknowledged; the pipe is read first.
        await sleep(1);
        const acknowledged = [...pusher.acknowledged];
        const copy = join(copied, `${left}`);
        await mkdir(copy);
        await copyFile(join(dir, 'data.mdb'), join(copy, 'data.mdb'));
        process.kill(pid, 'SIGCONT');
        await verify(copy, acknowledged);
        await rm(copy, { recursive: true });
      }
      pusher.child.kill('SIGKILL');
      await pusher.closed;
      await verify(dir, pusher.acknowledged);
    };
    await Promise.all(Array.from({ length: lanes }, lane));
  });
});
