import type { IncomingMessage } from 'node:http';
import { type Abortable, onAbort } from '../../async/on-abort.js';
import type { Clock } from '../../clock.js';
import { PollSlots } from '../polls/poll-slots.js';

/** Milliseconds after which a legacy client learns that its poll was refused. */
const delay = 5_000;
/** Number of refused polls that are held at once, apart from those that wait for a change. */
const most = 1_000;

/**
 * Holds refused polls of legacy clients, which poll again at once after any error: thousands of times a second (R24). Their slots are
 * their own, so that a requester without a token takes none from the clients that have one; without a slot the error is sent at once.
 */
export class RefusedPolls {
  readonly #clock: Clock;
  readonly #slots = new PollSlots(most);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Number of refused polls that are held now. */
  get held(): number {
    return this.#slots.taken;
  }

  /** Resolves after a few seconds, or as soon as `signal` aborts, or at once if there is no slot. */
  async hold({ socket }: IncomingMessage, signal: Abortable): Promise<void> {
    if (signal.aborted) return;
    const releaseSlot = this.#slot(socket);
    if (releaseSlot === undefined) return;
    let cancel = () => {};
    let unsubscribe = () => {};
    await new Promise<void>((resolve) => {
      cancel = this.#clock.after(delay, resolve);
      unsubscribe = onAbort(signal, () => resolve());
    });
    cancel();
    unsubscribe();
    releaseSlot();
  }

  #slot(socket: IncomingMessage['socket']): (() => void) | undefined {
    try {
      // The cluster is one that the requester names: it has no share of its own.
      return this.#slots.take({ requester: { remote: socket.remoteAddress }, connection: socket });
    } catch {
      return undefined;
    }
  }
}
