import { sleep } from '../../async/sleep.js';
import type { Clock } from '../../clock.js';
import { CfluxError, isCfluxError } from '../../errors.js';
import { printable } from '../../printable.js';
import { countingVersion, type NodeInfo } from '../../protocol/nodes.js';
import { cannotWait, type WaitForNodesResult } from '../../protocol/waiting-for-nodes.js';
import type { Random } from '../../random.js';
import type { Transport } from '../../transport/transport.js';
import { pauseAfter } from '../backoff.js';

/** What to wait for, and how long. */
export interface NodesToWaitFor {
  readonly cluster: string;
  readonly version: number;
  /** The history that `version` belongs to. */
  readonly epoch?: string | undefined;
  /** Milliseconds; nodes that sent no request for longer do not count. */
  readonly seen?: number | undefined;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal?: AbortSignal | undefined;
}

export interface WaitParts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
}

/** Milliseconds for the response of a manager that held the request as long as it could; of a short wait, half of it. */
const margin = 1_000;
/** With less time left, in milliseconds, another request does not help. */
const leastWait = 20;
/** Longest time that one request is held, in milliseconds; a proxy on the way may cut longer ones. */
const longestHold = 60_000;
/** An incomplete response after less than this share of the wait is too early. */
const leastHold = 0.5;
/** Nodes that a message names. */
const named = 10;

/**
 * Resolves when every node that counts has a version. Requests that fail are repeated until the time is up.
 *
 * @throws CfluxError `TIMEOUT` that names the nodes behind, with the last {@link WaitForNodesResult} or error as its cause;
 * `NO_SUCH_ROUTE`: the manager cannot wait for nodes; `EPOCH_MISMATCH`; the reason of the signal
 */
export async function waitForNodes(
  { transport, clock, random }: WaitParts,
  { timeout, signal, ...request }: NodesToWaitFor,
): Promise<WaitForNodesResult> {
  const end = clock.monotonic() + timeout;
  let last: WaitForNodesResult | undefined;
  let failure: CfluxError | undefined;
  for (let failures = 0; ; ) {
    signal?.throwIfAborted();
    const left = Math.max(0, end - clock.monotonic());
    const wait = Math.min(longestHold, left - Math.min(margin, left / 2));
    const begun = clock.monotonic();
    try {
      if (transport.waitForNodes === undefined) throw cannotWait();
      // Without any response the error could not name the nodes: the first one may come a little late.
      const limit = last === undefined ? left + margin : Math.max(1, left);
      const options = { timeout: limit, ...(signal === undefined ? {} : { signal }) };
      last = await transport.waitForNodes({ ...request, wait }, options);
      if (last.complete) return last;
      failure = undefined;
      // A manager that does not hold the request must not be asked in a loop.
      failures = clock.monotonic() - begun < wait * leastHold ? failures + 1 : 0;
    } catch (error) {
      signal?.throwIfAborted();
      failure = CfluxError.from(error);
      if (!failure.retryable || failure.code === 'NO_SUCH_ROUTE') throw error;
      failures += 1;
    }
    const remaining = end - clock.monotonic();
    if (remaining < leastWait) throw late(request.version, timeout, last, failure);
    if (failures > 0) {
      const rest = Math.max(pauseAfter(failures, random), failure?.retryAfter ?? 0);
      await sleep(clock, Math.min(rest, remaining), signal);
    }
  }
}

function late(
  version: number,
  timeout: number,
  last: WaitForNodesResult | undefined,
  failure: CfluxError | undefined,
): CfluxError {
  const what = `not all nodes have version ${version} after ${Math.round(timeout)} ms`;
  const reasons = [
    ...(last === undefined ? [] : [missing(last)]),
    ...(failure === undefined ? [] : [failure.message]),
  ];
  const why = reasons.join('; ');
  return new CfluxError('TIMEOUT', `${what}: ${why}; see \`cflux nodes\``, {
    cause: last ?? failure,
    retryable: true,
  });
}

/** Names the nodes that lack the version; hostnames come from the nodes. */
function missing({ version, behind, uncertainFor }: WaitForNodesResult): string {
  if (behind.length === 0) {
    return uncertainFor === undefined
      ? `all nodes have version ${version}`
      : 'the manager has just started and may not know all nodes yet';
  }
  const some = behind.slice(0, named).map(describe);
  const more = behind.length > named ? [`${behind.length - named} more`] : [];
  return `behind: ${[...some, ...more].join(', ')}`;
}

function describe(node: NodeInfo): string {
  const version = countingVersion(node);
  const has = version === undefined ? 'version unknown' : `at version ${version}`;
  return `node ${node.id} (${printable(node.hostname)}) ${has}`;
}

/** The error of a change that was made, and that not all nodes have: the only rejection of a change that is part of the cluster (R3). */
export function notEverywhere(version: number, cause: unknown): CfluxError {
  const why = isCfluxError(cause, 'TIMEOUT')
    ? cause.message
    : `cannot determine whether all nodes have version ${version}: ${CfluxError.from(cause).message}`;
  return new CfluxError('NOT_EVERYWHERE', `the change was made as version ${version}, but ${why}`, {
    cause,
    outcome: 'applied',
  });
}
