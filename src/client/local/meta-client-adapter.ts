import { Gate } from '../../async/gate.js';
import { invalidArgument } from '../../check-arguments.js';
import { isCfluxError } from '../../errors.js';
import { misfitOf } from '../../meta/check-shape.js';
import { equalMetadata } from '../../meta/equal-metadata.js';
import { attemptOn, LocalMetaClient } from '../../meta/local-meta-client.js';
import type { ForkableMetaClient, MetaClientLike } from '../../meta/meta-client.js';
import type { MetaData } from '../../meta/records.js';
import { object } from '../../value-kinds.js';
import { ownCopy } from './own-copy.js';

/** A change, as a function of a meta client. It may run several times, each time on newer metadata. */
export type Operation<M, T> = (meta: M) => T | PromiseLike<T>;

/** A copy of the metadata with undecided changes. */
export interface WorkingCopy<M> {
  /** Runs `operation` on the copy; if it throws, the copy is unchanged. */
  apply<T>(operation: Operation<M, T>): Promise<T>;
  /**
   * As {@link apply}, for an operation that takes effect synchronously and completely, or not at all. It needs no fork, which would copy
   * every changed list. Absent if operations of this client may not be atomic.
   */
  readonly applyAtomic?: (<T>(operation: Operation<M, T>) => Promise<T>) | undefined;
  data(): Promise<MetaData>;
  /** Makes the copy the wrapped client's metadata. */
  accept(): Promise<void>;
  /** Removes the changes from the wrapped client, unless the copy was accepted. */
  discard(): Promise<void>;
}

/**
 * Backs up an external change of the wrapped client that happened during a working copy, before it is overwritten (R1). The returned
 * function must be called afterwards; it emits the event.
 */
export type BackUpForeignChange = (found: MetaData) => Promise<() => void>;

/** The wrapped client, adapted for the rest of the client: immutable metadata that is read, replaced, or changed in a working copy. */
export interface MetaClientAdapter<M> {
  read(): Promise<MetaData>;
  replace(data: MetaData): Promise<void>;
  begin(keep: BackUpForeignChange): Promise<WorkingCopy<M>>;
  /** Shut while the wrapped client has undecided changes. */
  readonly decided: Gate;
}

export function adaptMetaClient<M extends MetaClientLike>(meta: M): MetaClientAdapter<M> {
  return canFork(meta) ? new ForkingAdapter<M>(meta) : new InPlaceAdapter<M>(meta);
}

function canFork(meta: MetaClientLike): meta is ForkableMetaClient {
  return 'fork' in meta && typeof meta.fork === 'function' && !inheritsFork(meta);
}

/** Returns whether `meta` is of a subclass of LocalMetaClient without its own `fork`: its forks would lack the methods of the subclass. */
const inheritsFork = (meta: object) =>
  meta instanceof LocalMetaClient &&
  Object.getPrototypeOf(meta) !== LocalMetaClient.prototype &&
  meta.fork === LocalMetaClient.prototype.fork;

/** Returns what a wrapped client returned as its metadata. @throws CfluxError `INVALID_ARGUMENT` that names the field */
function checkedShape(data: MetaData, known: MetaData | undefined): MetaData {
  const misfit = misfitOf(data, known);
  if (misfit === undefined) return data;
  throw invalidArgument(`data()${misfit.place} of the wrapped meta client`, misfit.expected, misfit.found);
}

/** Applies changes to forks: the wrapped client gets only accepted changes, in one write (R6). */
class ForkingAdapter<M extends MetaClientLike> implements MetaClientAdapter<M> {
  readonly decided = new Gate();
  readonly #meta: M & ForkableMetaClient;

  constructor(meta: M & ForkableMetaClient) {
    this.#meta = meta;
  }

  /** The metadata of a client that may return anything, when it was last checked. */
  #checked: MetaData | undefined;

  async read(): Promise<MetaData> {
    return this.#dataOf(this.#meta);
  }

  async #dataOf(meta: MetaClientLike): Promise<MetaData> {
    const data = await meta.data();
    if (isLocal(meta) || data === this.#checked) return data;
    this.#checked = checkedShape(data, this.#checked);
    return data;
  }

  async replace(data: MetaData): Promise<void> {
    await this.#meta.setData(data);
  }

  async begin(keep: BackUpForeignChange): Promise<WorkingCopy<M>> {
    const meta = this.#meta;
    let fork = forkOf(meta);
    const before = await this.#dataOf(fork);
    return {
      async apply(operation) {
        // In a fork of its own, or a cheaper equivalent, an operation that throws half-way leaves no changes.
        if (isLocal(fork)) return attemptOn(fork, (lent) => operation(lent as unknown as M));
        const attempt = forkOf(fork);
        const result = await operation(attempt);
        fork = attempt;
        return result;
      },
      applyAtomic: isLocal(fork) ? async (operation) => operation(fork) : undefined,
      data: () => this.#dataOf(fork),
      accept: async () => {
        const found = await this.read();
        const notify = equalMetadata(found, before) ? undefined : await keep(found);
        await meta.setData(await this.#dataOf(fork));
        notify?.();
      },
      discard: async () => undefined,
    };
  }
}

/** Returns whether `meta` is a LocalMetaClient without overridden methods. */
export const isLocal = (meta: unknown): meta is LocalMetaClient =>
  Object.getPrototypeOf(meta) === LocalMetaClient.prototype;

/** Returns a fork, which has the same methods and can be forked again. */
function forkOf<M extends MetaClientLike>(meta: M & ForkableMetaClient): M & ForkableMetaClient {
  return meta.fork() as M & ForkableMetaClient;
}

/** Applies changes to the wrapped client itself and rolls back by `setData`; `data()` may return a live object. */
class InPlaceAdapter<M extends MetaClientLike> implements MetaClientAdapter<M> {
  readonly decided = new Gate();
  readonly #meta: M;
  /** The wrapped client's metadata when it was last read or written here. */
  #known: MetaData | undefined;

  constructor(meta: M) {
    this.#meta = meta;
  }

  /** Returns a copy, because the client may change its own object later. */
  async read(): Promise<MetaData> {
    const data = await this.#meta.data();
    const copy = object.accepts(data) ? ownCopy(data, this.#known) : data;
    this.#known = checkedShape(copy, this.#known);
    return this.#known;
  }

  /** Passes a copy, because the client may change the object that it gets. */
  async replace(data: MetaData): Promise<void> {
    await this.#meta.setData(ownCopy(data));
    this.#known = data;
  }

  async begin(keep: BackUpForeignChange): Promise<WorkingCopy<M>> {
    const before = await this.read();
    this.decided.shut();
    // The metadata after our changes; absent while they are being applied, because then every difference counts as theirs.
    let left: MetaData | undefined;
    // A partial change could not be rolled back: the present metadata is inconsistent.
    let unrestored: { readonly cause: unknown } | undefined;
    const restore = async (data: MetaData) => {
      const found = await this.read().catch((error: unknown) => {
        // Metadata of a wrong shape is overwritten; a client that fails is not.
        if (!isCfluxError(error, 'INVALID_ARGUMENT')) throw error;
      });
      if (found === undefined || !equalMetadata(found, data)) await this.replace(data);
    };
    const end = async (data: MetaData) => {
      try {
        const found = left && (await this.read());
        const notify =
          found === undefined || left === undefined || equalMetadata(found, left)
            ? undefined
            : await keep(found);
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
