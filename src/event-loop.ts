import { setImmediate as nextTurn } from 'node:timers/promises';

/** Maximum milliseconds for which work may block timers and sockets. */
const maxStretch = 20;

/** How many tasks wait for the next turn of the event loop. */
let paused = 0;

/** When the work in this turn of the event loop started. */
let began: number | undefined;

/**
 * Yields to the event loop; call it after each of many small steps. Returns a promise of the next turn if the steps in this turn
 * have taken long, so that heartbeats and deadlines stay on time; otherwise `undefined`.
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
  return now - began < maxStretch ? undefined : pause();
}

async function pause(): Promise<void> {
  paused += 1;
  await nextTurn();
  paused -= 1;
}

/** Returns whether work that called {@link breathe} continues in the next turn of the event loop. */
export const isBreathing = (): boolean => paused > 0;
