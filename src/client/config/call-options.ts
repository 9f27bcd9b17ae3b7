import { optionsCheck } from '../../check-options.js';
import { flag, milliseconds, signal } from '../../value-kinds.js';

/** Limits of a call that waits. */
export interface WaitOptions {
  /** Aborts the wait; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Maximum wait in milliseconds. */
  readonly timeout?: number;
}

const wait = { signal, timeout: milliseconds };

/** Check the options of each method, and throw CfluxError `INVALID_OPTION`. */
export const checkCallOptions = {
  open: optionsCheck<{ signal?: AbortSignal }>('open', { signal }),
  close: optionsCheck<{ deregister?: boolean; timeout?: number }>('close', {
    deregister: flag,
    timeout: milliseconds,
  }),
  mutate: optionsCheck<WaitOptions>('mutate', wait),
  refresh: optionsCheck<WaitOptions>('refresh', wait),
  waitForVersion: optionsCheck<WaitOptions>('waitForVersion', wait),
  adopt: optionsCheck<WaitOptions>('adopt', wait),
  reseed: optionsCheck<WaitOptions>('reseed', wait),
  report: optionsCheck<WaitOptions>('report', wait),
  nodes: optionsCheck<WaitOptions>('nodes', wait),
};
