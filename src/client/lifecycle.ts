import { withLinkedSignal } from '../async/linked-signal.js';
import { debugLog } from '../debug-log.js';
import { isCfluxError } from '../errors.js';
import type { MetaClientLike } from '../meta/meta-client.js';
import type { Settings } from './config/options.js';
import { closedError, foreignClusterError } from './refusals.js';
import type { SessionParts } from './session-parts.js';

const debug = debugLog('cflux:client');

/** How long the manager may take to hear that the node leaves, in milliseconds. */
const leaveTimeout = 2_000;

/** Opens a session, runs its loops, and closes it. */
export class Lifecycle<M extends MetaClientLike> {
  readonly #meta: M;
  readonly #settings: Settings;
  readonly #parts: SessionParts<M>;
  /** Ends the loops, and whatever waits. */
  readonly #life: AbortController;
  /** Ends the push under way, once closing has waited long enough for it. */
  readonly #wire: AbortController;
  #loops: Promise<unknown> | undefined;
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
    state.enter('opening');
    let hasJoined = false;
    try {
      hasJoined = await withLinkedSignal([signal, this.#life.signal], (linked) => this.#join(linked));
    } catch (error) {
      if (state.isClosing) throw closedError();
      // The node stays a member, with what it has, until the operator decides.
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

  /** Registers, and gets or gives the first metadata. Returns whether that worked, if it need not. */
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

  /** Ends everything, in the order in which users rely on it (R13). */
  async close(deregister: boolean, timeout: number): Promise<void> {
    const { state, queue, joined, commits, writer, membership, network, hub } = this.#parts;
    const wasOpened = this.#opening !== undefined || this.#loops !== undefined;
    state.enter('closing');
    queue.rejectAll(closedError());
    this.#life.abort(closedError());
    joined.open();
    const cancel = this.#settings.clock.after(timeout, () => this.#wire.abort(closedError()));
    try {
      await Promise.allSettled([this.#opening, commits.running]);
      await this.#loops;
      // Whatever held the lock is done with it then.
      await writer.run(async () => undefined);
    } finally {
      cancel();
    }
    // Best effort: a manager that cannot be reached finds out by itself.
    await membership.leave(deregister, { timeout: leaveTimeout }).catch(() => undefined);
    await network.release();
    try {
      if (wasOpened) await this.#closeParts();
    } finally {
      state.enter('closed');
      hub.emit('closed');
      hub.removeAll();
    }
  }

  /** The wrapped client first: the directory is given up when nothing is written any more. */
  async #closeParts(): Promise<void> {
    try {
      await this.#meta.close?.();
    } finally {
      await this.#parts.storage?.close?.();
    }
  }
}
