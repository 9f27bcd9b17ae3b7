import { Gate } from '../../async/gate.js';
import { equalMetadata } from '../../meta/equal-metadata.js';
import { attemptOn, LocalMetaClient } from '../../meta/local-meta-client.js';
import type { ForkableMetaClient, MetaClientLike } from '../../meta/meta-client.js';
import type { MetaData } from '../../meta/records.js';
import { ownCopy } from './own-copy.js';

/** A change, as a function of a meta client: it may run several times, on newer metadata each time. */
export type Operation<M, T> = (meta: M) => T | PromiseLike<T>;

/** Changes that are not decided yet. */
export interface WorkingCopy<M> {
  /** Runs `operation` on what came out so far; if it throws, it leaves that as it was. */
  apply<T>(operation: Operation<M, T>): Promise<T>;
  /**
   * As {@link apply}, for an operation that takes effect at the call, wholly or not at all: without a fork of its own, which would copy
   * every list that it changes. Absent: operations of this client are not known to be so.
   */
  readonly applyAtomic?: (<T>(operation: Operation<M, T>) => Promise<T>) | undefined;
  data(): Promise<MetaData>;
  /** Makes it the wrapped client's metadata. */
  accept(): Promise<void>;
  /** Nothing of it remains in the wrapped client, unless it was accepted before. */
  discard(): Promise<void>;
}

/**
 * Keeps what somebody else did to the wrapped client while changes were worked upon, before it gives way (R1); what it answers is to be
 * called afterwards, and tells of it.
 */
export type BackUpForeignChange = (found: MetaData) => Promise<() => void>;

/** The wrapped client as the rest of the client sees it: immutable metadata that is read, replaced, or worked upon. */
export interface MetaClientAdapter<M> {
  read(): Promise<MetaData>;
  replace(data: MetaData): Promise<void>;
  begin(keep: BackUpForeignChange): Promise<WorkingCopy<M>>;
  /** Shut while the wrapped client holds changes that are not decided. */
  readonly decided: Gate;
}

export function adaptMetaClient<M extends MetaClientLike>(meta: M): MetaClientAdapter<M> {
  return canFork(meta) ? new ForkingHolder<M>(meta) : new InPlaceHolder<M>(meta);
}

function canFork(meta: MetaClientLike): meta is ForkableMetaClient {
  return 'fork' in meta && typeof meta.fork === 'function';
}

/** Works on forks: the wrapped client sees what was accepted, in one write, and nothing else (R6). */
class ForkingHolder<M extends MetaClientLike> implements MetaClientAdapter<M> {
  readonly decided = new Gate();
  readonly #meta: M & ForkableMetaClient;

  constructor(meta: M & ForkableMetaClient) {
    this.#meta = meta;
  }

  async read(): Promise<MetaData> {
    return this.#meta.data();
  }

  async replace(data: MetaData): Promise<void> {
    await this.#meta.setData(data);
  }

  async begin(keep: BackUpForeignChange): Promise<WorkingCopy<M>> {
    const meta = this.#meta;
    let fork = forkOf(meta);
    const before = await fork.data();
    return {
      async apply(operation) {
        // With a fork of its own, or what costs less, an operation that throws half-way leaves nothing behind.
        if (isLocal(fork)) return attemptOn(fork, (lent) => operation(lent as unknown as M));
        const attempt = forkOf(fork);
        const result = await operation(attempt);
        fork = attempt;
        return result;
      },
      applyAtomic: isLocal(fork) ? async (operation) => operation(fork) : undefined,
      data: async () => fork.data(),
      accept: async () => {
        const found = await this.read();
        const notify = equalMetadata(found, before) ? undefined : await keep(found);
        await meta.setData(await fork.data());
        notify?.();
      },
      discard: async () => undefined,
    };
  }
}

/** Whether its methods are those of LocalMetaClient itself, and not overridden. */
export const isLocal = (meta: unknown): meta is LocalMetaClient =>
  Object.getPrototypeOf(meta) === LocalMetaClient.prototype;

/** A fork answers to the methods of what it was forked from, and can be forked again. */
function forkOf<M extends MetaClientLike>(meta: M & ForkableMetaClient): M & ForkableMetaClient {
  return meta.fork() as M & ForkableMetaClient;
}

/** Works on the wrapped client itself and takes back by `setData` what was not accepted; `data()` may hand out a live object. */
class InPlaceHolder<M extends MetaClientLike> implements MetaClientAdapter<M> {
  readonly decided = new Gate();
  readonly #meta: M;
  /** What it held when we last saw or wrote it. */
  #known: MetaData | undefined;

  constructor(meta: M) {
    this.#meta = meta;
  }

  /** Whatever the client does to its own object later, ours stays. */
  async read(): Promise<MetaData> {
    this.#known = ownCopy(await this.#meta.data(), this.#known);
    return this.#known;
  }

  /** What the client is handed is its own, to change as it likes. */
  async replace(data: MetaData): Promise<void> {
    await this.#meta.setData(ownCopy(data));
    this.#known = data;
  }

  async begin(keep: BackUpForeignChange): Promise<WorkingCopy<M>> {
    const before = await this.read();
    this.decided.shut();
    // What our changes left; absent while they are being made, for then everything counts as theirs.
    let left: MetaData | undefined;
    // Half a change could not be taken back: what is there now is nobody's wish.
    let unrestored: { readonly cause: unknown } | undefined;
    const restore = async (data: MetaData) => {
      if (!equalMetadata(await this.read(), data)) await this.replace(data);
    };
    const end = async (data: MetaData) => {
      try {
        const found = await this.read();
        const notify = left === undefined || equalMetadata(found, left) ? undefined : await keep(found);
        await restore(data);
        notify?.();
      } finally {
        this.decided.open();
      }
    };
    return {
      apply: async (operation) => {
        left = undefined;
        const beforeThis = await this.read();
        try {
          return await operation(this.#meta);
        } catch (error) {
          await restore(beforeThis).catch((cause: unknown) => {
            unrestored = { cause };
          });
          throw error;
        }
      },
      data: async () => {
        if (unrestored) throw unrestored.cause;
        left = await this.read();
        return left;
      },
      accept: () => end(left ?? before),
      discard: async () => {
        if (!this.decided.isOpen) await end(before);
      },
    };
  }
}
