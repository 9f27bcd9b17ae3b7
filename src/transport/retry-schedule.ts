import retry from 'retry';
import { heartbeatInterval, maxPollWait, nodeTimeToLive } from '../protocol/times.js';
import type { Transport } from './transport.js';

/** The calls of a transport. */
export type Call = Exclude<keyof Transport, 'close' | 'endpoint' | 'retries'>;

/** When attempts are made. */
export interface RetryScheduleOptions {
  /** Attempts of one call, the first one included. Default: 5. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt, before jitter. Default: 150. */
  readonly minDelay?: number;
  /** How much longer each delay is than the one before. Default: 3. */
  readonly factor?: number;
  /** The longest delay in milliseconds; a sixteenth of the call's timeout where that is less. Default: 5000. */
  readonly maxDelay?: number;
  /** Milliseconds that a poll may take beyond its hold. Default: 30 000. */
  readonly pollMargin?: number;
}

/**
 * Milliseconds that a call may take, all attempts together. A node lives for `nodeTimeToLive` after a heartbeat and beats again
 * after `heartbeatInterval`: what is left between the two is for the five attempts of that heartbeat.
 */
const timeouts: Record<Exclude<Call, 'poll'>, number> = {
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

/** The schedule of a call with `timeout` (the call's own where absent); `wait` is the hold that a poll asks for. */
export function retrySchedule(
  call: Call,
  { timeout, wait = maxPollWait }: { readonly timeout?: number | undefined; readonly wait?: number },
  options: RetryScheduleOptions = {},
): RetrySchedule {
  const { attempts = 5, minDelay = 150, factor = 3, maxDelay = 5_000, pollMargin = 30_000 } = options;
  const whole = timeout ?? (call === 'poll' ? wait + pollMargin : timeouts[call]);
  // Four delays take a quarter of the call at most, the rest is left to the attempts.
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
  // A hold is one attempt's; a large snapshot needs long on a slow line: five pushes fit only where they fail early.
  if (call === 'poll' && wait > 0) return timeout;
  if (call === 'push' || call === 'poll') return timeout / 2;
  return (timeout * 3) / 4 / attempts;
}
