import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CfluxError } from '../errors.js';

/*
 * Keeps a directory for one client at a time, on one machine.
 *
 * The lock is a Unix socket in the directory that its holder listens on. So the kernel knows whether the holder lives: a connection to
 * the socket of a dead process is refused, whatever has become of its process id since, and also when the two are in different
 * containers, where process ids mean nothing. (A file with a process id fails at both; Node has no flock.)
 *
 * Taking over from the dead cannot go wrong by a race, for each contender has a socket of its own name, which nobody uses again. It
 * first shows its socket, and only then looks for others: of two contenders at the same time, at least one sees the other.
 */

const socketName = /^meta\.lock\.(\d+)\.[0-9a-f]{8}$/;
/** Not to be seen by others before somebody listens, for they would take it for a dead one's. */
const preparedName = /^meta\.lock-[0-9a-f]{8}$/;

/** Bytes of a socket's path on the systems that allow least (macOS). */
const longestPath = 103;

/** Milliseconds. A process that listens but does not answer is stopped or busy, and alive. */
const answerTimeout = 1000;
const pauseBetweenLooks = 5;

type Rival = 'dead' | 'leaving' | 'claiming' | 'holding';

export class DirectoryLock {
  private holding = false;
  private readonly server: Server;
  private readonly name = `meta.lock.${process.pid}.${randomBytes(4).toString('hex')}`;

  private constructor(private readonly directory: string) {
    this.server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end(this.holding ? 'holding' : 'claiming');
    });
  }

  /**
   * @throws CfluxError `DIRECTORY_LOCKED` naming the process that has it.
   * @throws The operating system's error, where the directory is missing or cannot hold a socket.
   */
  static async acquire(directory: string): Promise<DirectoryLock> {
    const lock = new DirectoryLock(resolve(directory));
    try {
      await lock.show();
      await lock.outlastRivals();
      return lock;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async release(): Promise<void> {
    await rm(this.pathOf(this.name), { force: true });
    await new Promise<void>((done) => this.server.close(() => done()));
  }

  private pathOf(name: string): string {
    return join(this.directory, name);
  }

  /** Listens, and then lets others see it. */
  private async show(): Promise<void> {
    const prepared = `meta.lock-${randomBytes(4).toString('hex')}`;
    await withShortPath(this.directory, prepared, (path) => this.listen(path));
    await rename(this.pathOf(prepared), this.pathOf(this.name));
  }

  private listen(path: string): Promise<void> {
    return new Promise((done, fail) => {
      this.server.once('error', fail);
      // Exclusive: in a worker of node:cluster it would be the primary that listens otherwise, and outlive the worker.
      this.server.listen({ path, exclusive: true }, done);
      // Whoever forgets to close shall not be kept from exiting.
      this.server.unref();
    });
  }

  /** Resolves when there is no rival alive; rejects when there is one that goes first. */
  private async outlastRivals(): Promise<void> {
    for (;;) {
      let undecided = false;
      for (const name of await readdir(this.directory)) {
        if (name === this.name) continue;
        const isPrepared = preparedName.test(name);
        const pid = socketName.exec(name)?.[1];
        if (pid === undefined && !isPrepared) continue;
        const rival = await withShortPath(this.directory, name, ask);
        if (rival === 'dead') await rm(this.pathOf(name), { force: true });
        else if (pid === undefined) continue;
        else if (rival === 'leaving') undecided = true;
        else if (rival === 'holding' || name < this.name) throw inUse(this.directory, pid);
        else undecided = true;
      }
      if (!undecided) break;
      // One that claims, as we do, sees us, and that our name comes first, and gives up; unless it had looked before we showed up.
      await pause(pauseBetweenLooks);
    }
    this.holding = true;
  }
}

function inUse(directory: string, pid: string): CfluxError {
  const who = Number(pid) === process.pid ? `this process (${pid}) already` : `process ${pid}`;
  return new CfluxError('DIRECTORY_LOCKED', `${directory} is in use by ${who}`);
}

/** What the one is up to that listens on the socket at `path`, or listened. */
function ask(path: string): Promise<Rival> {
  return new Promise((done) => {
    const socket = connect(path);
    let answer = '';
    socket.setTimeout(answerTimeout, () => {
      done('holding');
      socket.destroy();
    });
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.on('error', (error) => {
      const code = 'code' in error ? error.code : undefined;
      if (code === 'ECONNREFUSED' || code === 'ENOENT') done('dead');
      // It is there, but we may not speak to it.
      else if (code !== 'ECONNRESET' && code !== 'EPIPE') done('holding');
    });
    // Without an answer, it closed or died while we were waiting for our turn. (A promise settles once.)
    socket.on('close', () => done(answer === 'holding' || answer === 'claiming' ? answer : 'leaving'));
  });
}

/** Calls `use` with a path to `name` in `directory` that is short enough for a socket. */
async function withShortPath<T>(
  directory: string,
  name: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const path = join(directory, name);
  if (Buffer.byteLength(path) <= longestPath) return use(path);
  const detour = await mkdtemp(join(tmpdir(), 'cflux-'));
  try {
    const link = join(detour, 'd');
    await symlink(directory, link);
    return await use(join(link, name));
  } finally {
    await rm(detour, { recursive: true, force: true });
  }
}
