import { setImmediate as nextTurn } from 'node:timers/promises';

/** Milliseconds for which work may keep timers and sockets waiting. */
const maxStretch = 20;

/** How many pieces of work wait for the next turn of the event loop. */
let paused = 0;

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
  return now - began < maxStretch ? undefined : pause();
}

async function pause(): Promise<void> {
  paused += 1;
  await nextTurn();
  paused -= 1;
}

/** Whether work that called {@link breathe} goes on by itself in the next turn of the event loop. */
export const isBreathing = (): boolean => paused > 0;
