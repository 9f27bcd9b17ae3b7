import { setMaxListeners } from 'node:events';

/**
 * A controller whose signal aborts when a component closes. Every call of the component may listen to it: Node would otherwise
 * warn of a leak from the eleventh listener on.
 */
export function lifetimeController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
