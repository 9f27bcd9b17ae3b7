import { withLinkedSignal } from '../async/linked-signal.js';
import { debugLog } from '../debug-log.js';
import { isCfluxError } from '../errors.js';
import type { MetaClientLike } from '../meta/meta-client.js';
import type { Settings } from './config/options.js';
import { reserveMetaClient } from './local/wrapped-clients.js';
import { closedError, foreignClusterError } from './refusals.js';
import type { SessionParts } from './session-parts.js';

const debug = debugLog('cflux:client');

/** Timeout of the notification that the node leaves, in milliseconds. */
const leaveTimeout = 2_000;

/** Opens a session, runs its loops, and closes it. */
export class Lifecycle<M extends MetaClientLike> {
  readonly #meta: M;
  readonly #settings: Settings;
  readonly #parts: SessionParts<M>;
  /** Aborts the loops and all waiting callers. */
  readonly #life: AbortController;
  /** Aborts the push under way after the timeout of closing. */
  readonly #wire: AbortController;
  #loops: Promise<unknown> | undefined;
  #releaseMeta: () => void = () => {};
  #opening: Promise<void> | undefined;

  constructor(
    meta: M,
    settings: Settings,
    parts: SessionParts<M>,
    { life, wire }: { readonly life: AbortController; readonly wire: AbortController },
  ) {
    this.#meta = meta;
    this.#settings = settings;
    this.#parts = parts;
    this.#life = life;
    this.#wire = wire;
  }

  open(signal: AbortSignal | undefined): Promise<void> {
    const { state } = this.#parts;
    if (state.isClosing) return Promise.reject(closedError());
    if (state.state === 'foreignCluster') return Promise.reject(foreignClusterError());
    this.#opening ??= this.#open(signal).catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #open(signal: AbortSignal | undefined): Promise<void> {
    const { state } = this.#parts;
    if (this.#loops) return;
    this.#releaseMeta = reserveMetaClient(this.#meta);
    state.enter('opening');
    let hasJoined = false;
    try {
      hasJoined = await withLinkedSignal([signal, this.#life.signal], (linked) => this.#join(linked));
    } catch (error) {
      if (state.isClosing) throw closedError();
      // The node stays a member and keeps its metadata until the operator decides.
      if (isCfluxError(error, 'FOREIGN_CLUSTER')) this.#run();
      else {
        await this.#closeParts();
        state.enter('created');
      }
      throw error;
    }
    state.enter(hasJoined ? 'online' : 'offline');
    this.#run();
  }

  /** Registers, and fetches or seeds the first metadata. Resolves with false if that failed and `startOffline` is set. */
  async #join(signal: AbortSignal): Promise<boolean> {
    const { storage, writer, replica, membership, reconciler, queue } = this.#parts;
    signal.throwIfAborted();
    await storage?.open?.();
    await this.#meta.open?.();
    await writer.run(() => replica.recall());
    debug('recalled version %d', replica.position.version);
    try {
      await membership.join(signal);
      await writer.run(() => reconciler.catchUp({ signal }));
      return true;
    } catch (error) {
      if (signal.aborted || isCfluxError(error, 'FOREIGN_CLUSTER') || !this.#settings.startOffline)
        throw error;
      queue.obstacle = error;
      return false;
    }
  }

  #run(): void {
    const { membership, sync, commits } = this.#parts;
    const { signal } = this.#life;
    this.#loops = Promise.all([membership.run(signal), sync.run(signal)]);
    commits.wake();
  }

  /** Closes all parts in the guaranteed order (R13). */
  async close(deregister: boolean | undefined, timeout: number): Promise<void> {
    const { state, queue, joined, commits, writer, membership, network, hub, storage } = this.#parts;
    const wasOpened = this.#opening !== undefined || this.#loops !== undefined;
    state.enter('closing');
    queue.rejectAll(closedError());
    this.#life.abort(closedError());
    joined.open();
    const cancel = this.#settings.clock.after(timeout, () => this.#wire.abort(closedError()));
    try {
      await Promise.allSettled([this.#opening, commits.running]);
      await this.#loops;
      // The previous owner of the writer lock has finished then.
      await writer.run(async () => undefined);
    } finally {
      cancel();
    }
    // Best effort: without the notification, the manager detects the loss by its time to live.
    // A node without storage never uses its id again, so the manager would list it as dead permanently.
    const isGone = deregister ?? storage === undefined;
    await membership.leave(isGone, { timeout: leaveTimeout }).catch(() => undefined);
    await network.release();
    try {
      if (wasOpened) await this.#closeParts();
    } finally {
      state.enter('closed');
      hub.emit('closed');
      hub.removeAll();
    }
  }

  /** Closes the wrapped client first, because the directory must be released after the last write. */
  async #closeParts(): Promise<void> {
    try {
      await this.#meta.close?.();
    } finally {
      this.#releaseMeta();
      await this.#parts.storage?.close?.();
    }
  }
}
