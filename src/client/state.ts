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

/** The state of the client; the only place that changes it. */
export class StateMachine {
  #state: CfluxState = 'created';
  readonly #emit: Emit;

  constructor(emit: Emit) {
    this.#emit = emit;
  }

  get state(): CfluxState {
    return this.#state;
  }

  /** Enters `to` if the transition is allowed, and emits it; otherwise stays, because a late response must not reopen a closing client. */
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
