import { withTimeout } from '../../async/deadline.js';
import type { Clock } from '../../clock.js';
import { CfluxError, isCfluxError } from '../../errors.js';

/** The part of a CfluxClient that knows which nodes have a version. */
export interface NodesWaiter {
  waitForNodes(
    version: number,
    options: { readonly timeout: number; readonly seen: number },
  ): Promise<unknown>;
}

/** Milliseconds after which a node that sent nothing is not waited for: two heartbeats are missing. */
const seen = 6_000;
/** Milliseconds for the response of a manager that held the request as long as it could. */
const margin = 100;

/**
 * Waits at most `timeout` milliseconds until every node that was seen lately has a version. Resolves with a text that names the nodes that
 * do not, or with the reason why that is not known; with `undefined` if all have it. Never rejects: the change was made.
 */
export async function waitForAll(
  nodes: NodesWaiter,
  version: number,
  { clock, timeout }: { readonly clock: Clock; readonly timeout: number },
): Promise<string | undefined> {
  const timeoutError = () => new CfluxError('TIMEOUT', 'the manager did not respond in time');
  const wait = nodes.waitForNodes(version, { timeout: Math.max(1, timeout - margin), seen });
  try {
    await withTimeout({ clock, timeout: Math.max(1, timeout), timeoutError }, wait);
    return undefined;
  } catch (error) {
    const { message } = CfluxError.from(error);
    const isKnown = isCfluxError(error, 'TIMEOUT') && error.cause !== undefined;
    const reason = isKnown ? message : `cannot determine whether all nodes have it: ${message}`;
    return `the change was made as version ${version}, and this server has it; ${reason}`;
  }
}
