import { Condition } from '../async/condition.js';
import { Mutex } from '../async/mutex.js';
import { CfluxError, isCfluxError } from '../errors.js';
import { decodeShared } from './codec/decode-metadata.js';
import { encodePieces } from './codec/encode-metadata.js';
import { CommitSequence, type Operation, type Persist } from './commit-sequence.js';
import { MetaDirectory } from './meta-directory.js';
import type { MetaData } from './records.js';

export interface LocalStoreOptions {
  /** Default: none, everything is in memory. */
  readonly dir?: string;
  /** Whether to lock `dir` for this store alone. Default: true. */
  readonly lock?: boolean;
}

/** Stores one node's metadata, in memory and optionally in a directory, and applies changes to it one after another. */
export class LocalStore {
  #commits: CommitSequence;
  #directory: MetaDirectory | undefined;
  #state: 'new' | 'open' | 'closed' = 'new';
  /** Serializes open and close. */
  readonly #lifecycle = new Mutex();
  readonly #committed = new Condition();

  /** @param initial the metadata until a file is loaded */
  constructor(
    private readonly options: LocalStoreOptions,
    initial: MetaData,
  ) {
    this.#commits = this.#commitsTo(initial);
  }

  /** The committed metadata. */
  get data(): MetaData {
    return this.#commits.data;
  }

  /** @see CommitSequence.read */
  read<T>(read: (data: MetaData) => T): T {
    return this.#commits.read(read);
  }

  open(): Promise<void> {
    return this.#lifecycle.run(async () => {
      const { dir, lock = true } = this.options;
      if (this.#state === 'open' || dir === undefined) return;
      const directory = await MetaDirectory.open(dir, { lock });
      try {
        this.#commits = await this.#load(directory);
      } catch (error) {
        await directory.close();
        throw error;
      }
      this.#directory = directory;
      this.#state = 'open';
    });
  }

  close(): Promise<void> {
    return this.#lifecycle.run(async () => {
      if (this.#state !== 'open') return;
      this.#state = 'closed';
      await this.#commits.idle();
      await this.#directory?.close();
      this.#directory = undefined;
    });
  }

  run<T>(operation: Operation<T>): Promise<T> {
    if (this.options.dir === undefined || this.#state === 'open') return this.#commits.run(operation);
    return Promise.reject(
      this.#state === 'new'
        ? new CfluxError('NOT_OPEN', 'the metadata store is not open: call open() first')
        : new CfluxError('CLOSED', 'the metadata store is closed: create a new one'),
    );
  }

  /** @see CommitSequence.attempt */
  attempt<T>(work: () => T | PromiseLike<T>): Promise<T> {
    return this.#commits.attempt(work);
  }

  /** Resolves at the next commit. */
  nextCommit(): Promise<void> {
    return this.#committed.wait();
  }

  async #load(directory: MetaDirectory): Promise<CommitSequence> {
    const bytes = await directory.read();
    const data = bytes === undefined ? this.data : decodeFile(bytes, directory.path);
    const persist = (next: MetaData) => directory.write(encodePieces(next).pieces);
    // The cluster id of a new store is durable before the first change, without counting as one.
    if (data.index === 1n) await persist(data);
    return this.#commitsTo(data, persist);
  }

  #commitsTo(data: MetaData, persist?: Persist): CommitSequence {
    return new CommitSequence(data, () => this.#committed.notifyAll(), persist);
  }
}

function decodeFile(bytes: Buffer, path: string): MetaData {
  try {
    return decodeShared(bytes);
  } catch (error) {
    if (!isCfluxError(error)) throw error;
    throw new CfluxError(error.code, `${path}: ${error.message}`, { cause: error });
  }
}
