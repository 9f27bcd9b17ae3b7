import type { Emit } from './observe/events.js';
import type { CfluxState } from './observe/status.js';

const next: Record<CfluxState, readonly CfluxState[]> = {
  created: ['opening', 'closing'],
  opening: ['online', 'offline', 'foreignCluster', 'created', 'closing'],
  online: ['offline', 'foreignCluster', 'closing'],
  offline: ['online', 'foreignCluster', 'closing'],
  foreignCluster: ['online', 'offline', 'closing'],
  closing: ['closed'],
  closed: [],
};

/** Where the client stands; the only place that changes it. */
export class StateMachine {
  #state: CfluxState = 'created';
  readonly #emit: Emit;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  get state(): CfluxState {
    return this.#state;
  }

  /** Goes to `to` if that can follow, and tells it; stays otherwise (a late answer must not reopen what is closing). */
  enter(to: CfluxState): boolean {
    const from = this.#state;
    if (!next[from].includes(to)) return false;
    this.#state = to;
    this.#emit('stateChange', { from, to });
    return true;
  }

  get isClosing(): boolean {
    return this.#state === 'closing' || this.#state === 'closed';
  }
}
