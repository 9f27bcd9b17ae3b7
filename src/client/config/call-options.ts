import { optionsCheck } from '../../check-options.js';
import { flag, func, milliseconds, oneOf, signal } from '../../value-kinds.js';
import type { DropOrdersOutcome } from '../commit/pending-mutation.js';

/** Limits of a call that waits. */
export interface WaitOptions {
  /** Aborts the wait; the call then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Maximum wait in milliseconds. */
  readonly timeout?: number;
}

/** Options of a wait for the nodes. */
export interface WaitForNodesOptions extends WaitOptions {
  /** Milliseconds: nodes that sent the manager no request for longer do not count. Default: every node that is alive counts. */
  readonly seen?: number;
}

/** Options of a mutation. */
export interface MutateOptions extends WaitOptions {
  /**
   * When the change counts as made: when the manager has accepted it (`manager`, the default), or when every node that counts has it
   * (`all`), as `waitForNodes` defines that.
   */
  readonly acks?: 'manager' | 'all';
  /** Called before the change resolves, if it ordered drops: an older manager makes the change and ignores the orders. */
  readonly onDropOrders?: (outcome: DropOrdersOutcome) => void;
}

const wait = { signal, timeout: milliseconds };

/** Check the options of each method, and throw CfluxError `INVALID_OPTION`. */
export const checkCallOptions = {
  open: optionsCheck<{ signal?: AbortSignal }>('open', { signal }),
  changes: optionsCheck<{ signal?: AbortSignal }>('changes', { signal }),
  close: optionsCheck<{ deregister?: boolean; timeout?: number }>('close', {
    deregister: flag,
    timeout: milliseconds,
  }),
  mutate: optionsCheck<MutateOptions>('mutate', {
    ...wait,
    acks: oneOf('manager', 'all'),
    onDropOrders: func,
  }),
  refresh: optionsCheck<WaitOptions>('refresh', wait),
  waitForVersion: optionsCheck<WaitOptions>('waitForVersion', wait),
  adopt: optionsCheck<WaitOptions>('adopt', wait),
  reseed: optionsCheck<WaitOptions>('reseed', wait),
  report: optionsCheck<WaitOptions>('report', wait),
  nodes: optionsCheck<WaitOptions>('nodes', wait),
  dropOrders: optionsCheck<WaitOptions>('dropOrders', wait),
  waitForNodes: optionsCheck<WaitForNodesOptions>('waitForNodes', { ...wait, seen: milliseconds }),
};
