import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds for which work may keep timers and sockets waiting. */
const longestStretch = 20;

/** When the work of this turn of the event loop began. */
let began: number | undefined;

/**
 * Called after each of many small steps: the next turn of the event loop, if the steps of this one have taken long, so that
 * heartbeats are sent and deadlines hold meanwhile; otherwise nothing to wait for.
 */
export function breathe(): Promise<void> | undefined {
  const now = performance.now();
  if (began === undefined) {
    began = now;
    setImmediate(() => {
      began = undefined;
    });
    return undefined;
  }
  return now - began < longestStretch ? undefined : nextTurn();
}
