import retry from 'retry';
import { heartbeatInterval, maxPollWait, nodeTimeToLive } from '../protocol/times.js';
import type { Transport } from './transport.js';

/** The calls of a transport. */
export type Call = Exclude<keyof Transport, 'close' | 'endpoint' | 'retries'>;

/** The calls that a manager may hold. */
type HeldCall = 'poll' | 'waitForNodes';
const isHeld = (call: Call): call is HeldCall => call === 'poll' || call === 'waitForNodes';

/** Options of the retry schedule. */
export interface RetryScheduleOptions {
  /** Attempts of one call, the first one included. Default: 5. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt, before jitter. Default: 150. */
  readonly minDelay?: number;
  /** Growth of each delay. Default: 3. */
  readonly factor?: number;
  /** Maximum delay in milliseconds; at most a sixteenth of the call's timeout. Default: 5000. */
  readonly maxDelay?: number;
  /** Milliseconds that a held call, such as a poll, may take beyond its wait. Default: 30 000. */
  readonly pollMargin?: number;
}

/**
 * Timeouts of calls in milliseconds, for all attempts together. A node is alive for `nodeTimeToLive` after a heartbeat, and sends the
 * next one after `heartbeatInterval`: the difference is left for the five attempts of that heartbeat.
 */
const timeouts: Record<Exclude<Call, HeldCall>, number> = {
  register: 20_000,
  heartbeat: nodeTimeToLive - heartbeatInterval,
  deregister: 10_000,
  report: 10_000,
  nodes: 20_000,
  push: 30_000,
};

/** When the attempts of one call are made and what each may take; all times in milliseconds. */
export interface RetrySchedule {
  readonly timeout: number;
  readonly attemptTimeout: number;
  /** Before the second attempt, the third and so on, before jitter. */
  readonly delays: readonly number[];
}

/** Returns the schedule of a call with `timeout` (default: that of the call); `wait` is the requested wait of a call that is held. */
export function retrySchedule(
  call: Call,
  { timeout, wait = maxPollWait }: { readonly timeout?: number | undefined; readonly wait?: number },
  options: RetryScheduleOptions = {},
): RetrySchedule {
  const { attempts = 5, minDelay = 150, factor = 3, maxDelay = 5_000, pollMargin = 30_000 } = options;
  const whole = timeout ?? (isHeld(call) ? wait + pollMargin : timeouts[call]);
  // Four delays take at most a quarter of the call; the rest is left for the attempts.
  const longest = Math.max(1, Math.min(maxDelay, whole / 16));
  const delays = retry.timeouts({
    retries: attempts - 1,
    minTimeout: Math.min(minDelay, longest),
    maxTimeout: longest,
    factor,
    randomize: false,
  });
  return {
    timeout: whole,
    attemptTimeout: Math.min(whole, attemptTimeout(call, whole, { wait, attempts })),
    delays,
  };
}

function attemptTimeout(
  call: Call,
  timeout: number,
  { wait, attempts }: { readonly wait: number; readonly attempts: number },
): number {
  // Only one attempt of a held call can use its whole wait; a large snapshot takes long on a slow connection, so five pushes fit only if
  // they fail early.
  if (isHeld(call) && wait > 0) return timeout;
  if (call === 'push' || isHeld(call)) return timeout / 2;
  return (timeout * 3) / 4 / attempts;
}
