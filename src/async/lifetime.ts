import { setMaxListeners } from 'node:events';

/**
 * Creates a controller whose signal aborts when a component closes. Any number of calls may listen to it; by default Node warns of a
 * leak from the eleventh listener on.
 */
export function lifetimeController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
