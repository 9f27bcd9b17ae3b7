import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { access, constants, mkdir, mkdtemp, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { CfluxError, isCfluxError } from './errors.js';
import { accessAdvice, systemCode } from './file-access.js';

/*
 * Locks files of a directory for one owner at a time, on one machine.
 *
 * The lock is a Unix socket in the directory on which its owner listens. Therefore the kernel knows whether the owner is alive: a
 * connection to the socket of a dead process is refused, even if its process id was reused, and also if the processes are in different
 * containers, where process ids are not comparable. (A file with a process id fails in both cases; Node has no flock.)
 *
 * Taking over from a dead owner has no race, because each contender has a socket with a unique name that is never reused. It first
 * shows its socket and only then looks for others: of two concurrent contenders, at least one sees the other.
 */

/** What is locked. Owners of different things may use one directory: a client, its metadata and a ledger. */
export type LockedFiles = 'meta' | 'cflux' | 'influxdb-ledger' | 'manager';

export interface LockOptions {
  /** Whether to allow other owners that share the lock. Default: false. */
  readonly shared?: boolean;
  /** Whether to create a missing directory, accessible only to its owner. Default: false. */
  readonly create?: boolean;
}

/** Maximum bytes of a socket's path on the system with the lowest limit (macOS). */
const maxPath = 103;

/** The endings of socket names, after the name of the locked files: of a visible socket, and of one in preparation. */
const socketEnding = /^\.(lock|shared)\.(\d+)\.[0-9a-f]{8}$/;
const preparedEnding = /^\.lock-[0-9a-f]{8}$/;

/** Milliseconds. A process that listens but does not respond is stopped or busy, and alive. */
const answerTimeout = 1000;
const pauseBetweenLooks = 5;

/** Milliseconds. A socket is created first and listens shortly after; until then it looks like one of a dead process. */
const preparationTime = 60_000;

/** File systems that cannot hold sockets fail with one of these. */
const unsupported = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EINVAL', 'ENOSYS']);

type Rival = 'dead' | 'leaving' | 'claiming' | 'holding';

export class DirectoryLock {
  private holding = false;
  private readonly server: Server;
  private readonly name: string;

  private constructor(
    private readonly directory: string,
    private readonly files: LockedFiles,
    private readonly shared: boolean,
  ) {
    this.name = `${files}.${shared ? 'shared' : 'lock'}.${process.pid}.${randomBytes(4).toString('hex')}`;
    this.server = createServer((socket) => {
      socket.on('error', () => {});
      // Destroyed at once, because a stopped process that connected must not delay the release.
      socket.end(this.holding ? 'holding' : 'claiming', () => socket.destroy());
    });
  }

  /**
   * Acquires the lock.
   *
   * @throws CfluxError `DIRECTORY_LOCKED` with the owner's process id; `STORAGE_FAILED` if the directory is missing or cannot
   *   hold a socket.
   */
  static async acquire(
    directory: string,
    files: LockedFiles,
    { shared = false, create = false }: LockOptions = {},
  ): Promise<DirectoryLock> {
    const lock = new DirectoryLock(resolve(directory), files, shared);
    try {
      if (create) await makeDirectory(directory);
      await lock.show();
      await lock.outlastRivals();
      return lock;
    } catch (error) {
      await lock.release();
      throw isCfluxError(error) ? error : cannotLock(directory, error);
    }
  }

  async release(): Promise<void> {
    // A socket that could not be removed soon counts as one of a dead process.
    await rm(this.pathOf(this.name), { force: true }).catch(() => {});
    await new Promise<void>((done) => this.server.close(() => done()));
  }

  private pathOf(name: string): string {
    return join(this.directory, name);
  }

  /** Listens, then makes the socket visible to others. */
  private async show(): Promise<void> {
    const prepared = `${this.files}.lock-${randomBytes(4).toString('hex')}`;
    await withShortPath(this.directory, prepared, (path) => this.listen(path));
    await rename(this.pathOf(prepared), this.pathOf(this.name));
  }

  private listen(path: string): Promise<void> {
    return new Promise((done, fail) => {
      this.server.once('error', fail);
      // Exclusive, because in a worker of node:cluster the primary would listen instead, and outlive the worker. Writable, because
      // another user must be able to detect a dead owner, or the lock of a killed `sudo` would remain forever.
      this.server.listen({ path, exclusive: true, writableAll: true }, done);
      // The lock must not keep a process alive that does not close its client.
      this.server.unref();
    });
  }

  /** Resolves when no rival is alive; rejects if a rival takes precedence. */
  private async outlastRivals(): Promise<void> {
    for (;;) {
      let undecided = false;
      for (const name of await readdir(this.directory)) {
        if (name === this.name) continue;
        if (!name.startsWith(`${this.files}.`)) continue;
        const ending = name.slice(this.files.length);
        if (preparedEnding.test(ending)) await this.removeAbandoned(name);
        const [, mode, pid] = socketEnding.exec(ending) ?? [];
        if (mode === undefined || pid === undefined) continue;
        const rival = await withShortPath(this.directory, name, ask);
        if (rival === 'dead') await rm(this.pathOf(name), { force: true });
        else if (this.shared && mode === 'shared') continue;
        else if (rival === 'leaving') undecided = true;
        else if (rival === 'holding' || name < this.name) throw inUse(this.directory, pid, mode === 'shared');
        else undecided = true;
      }
      if (!undecided) break;
      // A concurrent rival with a later name gives up when it sees this socket, unless it looked before this socket was visible.
      await pause(pauseBetweenLooks);
    }
    this.holding = true;
  }

  /** Removes a socket whose process died before the socket became visible. */
  private async removeAbandoned(name: string): Promise<void> {
    const path = this.pathOf(name);
    const created = await stat(path).catch(() => undefined);
    if (created !== undefined && Date.now() - created.mtimeMs > preparationTime)
      await rm(path, { force: true });
  }
}

function inUse(directory: string, pid: string, shared: boolean): CfluxError {
  const holder = Number(pid) === process.pid ? `this process (${pid}) already` : `process ${pid}`;
  return new CfluxError(
    'DIRECTORY_LOCKED',
    `${directory} is in use by ${holder}${shared ? ', which shares it' : ''}`,
  );
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    // On a read-only file system, Node's recursive form fails with ENOENT, which hides the reason.
    let ancestor = resolve(directory);
    while (!existsSync(ancestor)) ancestor = dirname(ancestor);
    await access(ancestor, constants.W_OK);
    throw error;
  }
}

function cannotLock(directory: string, cause: unknown): CfluxError {
  const { message } = CfluxError.from(cause);
  const advice = unsupported.has(String(systemCode(cause)))
    ? '; the lock is a Unix socket: use a directory of a local file system'
    : accessAdvice(cause);
  return new CfluxError('STORAGE_FAILED', `cannot lock ${directory}: ${message}${advice}`, {
    cause,
    retryable: true,
  });
}

/** Returns the state of the process that listens, or listened, on the socket at `path`. */
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
      const code = systemCode(error);
      if (code === 'ECONNREFUSED' || code === 'ENOENT') done('dead');
      // The socket exists, but this process has no permission to connect to it.
      else if (code !== 'ECONNRESET' && code !== 'EPIPE') done('holding');
    });
    // Closed without a response: the rival closed or died meanwhile. (A promise settles once.)
    socket.on('close', () => done(answer === 'holding' || answer === 'claiming' ? answer : 'leaving'));
  });
}

/** Calls `use` with a path of `name` in `directory` that is short enough for a socket. */
async function withShortPath<T>(
  directory: string,
  name: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const path = join(directory, name);
  if (Buffer.byteLength(path) <= maxPath) return use(path);
  const detour = await mkdtemp(join(tmpdir(), 'cflux-'));
  try {
    const link = join(detour, 'd');
    await symlink(directory, link);
    return await use(join(link, name));
  } finally {
    await rm(detour, { recursive: true, force: true });
  }
}
