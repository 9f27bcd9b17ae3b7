import { onAbort } from '../../../../async/on-abort.js';
import type { Clock } from '../../../../clock.js';
import type { QueueView, Ticket } from './queue-view.js';

/** Milliseconds after which an inactive first ticket is passed over: its manager has crashed. */
const patience = 400;

export interface UntilFirstOptions {
  readonly clock: Clock;
  readonly signals: readonly (AbortSignal | undefined)[];
  /** Called with an inactive first ticket. */
  readonly passOver: (ticket: Ticket) => void;
}

/** Resolves when the ticket with `key` is the first of its queue, or gone. Rejects with the reason of a signal. */
export async function untilFirst(
  queue: QueueView,
  key: string,
  { clock, signals, passOver }: UntilFirstOptions,
): Promise<void> {
  let cancelPatience: (() => void) | undefined;
  let awaited: Ticket | undefined;
  let wake = () => {};
  const watchFirst = () => {
    const { first } = queue;
    if (first?.modRevision === awaited?.modRevision) return;
    awaited = first;
    cancelPatience?.();
    cancelPatience =
      first &&
      clock.after(patience, () => {
        passOver(first);
        awaited = undefined;
        wake();
      });
  };
  const unsubscribe = queue.onChange(() => wake());
  const links = signals.map((each) => onAbort(each, () => wake()));
  try {
    for (;;) {
      for (const each of signals) each?.throwIfAborted();
      if (queue.first?.key === key || !queue.get(key)) return;
      watchFirst();
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    cancelPatience?.();
    unsubscribe();
    for (const unlink of links) unlink();
  }
}
