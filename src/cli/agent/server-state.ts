import type { Clock } from '../../clock.js';
import type { CfluxError } from '../../errors.js';
import type { InfluxMirror } from '../../influxdb/influx-mirror.js';
import { statementsOf } from '../plan-text.js';
import type { AgentLog } from './agent-log.js';

/** How often each event happened since the start. */
export interface EventCounts {
  readonly done: number;
  readonly refused: number;
  readonly converged: number;
  readonly failed: number;
}

/** Codes of errors of convergences that mean that no usable server responds. */
const unusable: ReadonlySet<string> = new Set(['UNREACHABLE', 'TIMEOUT', 'BAD_ANSWER']);

/** Tracks, by the events of a mirror, whether its server is available and convergences complete, and logs each change of that once. */
export class ServerState {
  readonly #url: string;
  readonly #log: AgentLog;
  /** Why the server is not available; `undefined` while it is. */
  #outage: CfluxError | undefined;
  /** The error that ended the last convergence; `undefined` if it completed. */
  #failure: CfluxError | undefined;
  #lastConvergedAt: number | undefined;
  readonly #counts = { done: 0, refused: 0, converged: 0, failed: 0 };

  constructor(mirror: InfluxMirror, { clock, log }: { readonly clock: Clock; readonly log: AgentLog }) {
    this.#url = mirror.url;
    this.#log = log;
    mirror.on('step', ({ step, refusal }) => {
      this.#counts[refusal === undefined ? 'done' : 'refused'] += 1;
      // A refused step is retried at each convergence; the report logs it once.
      if (refusal !== undefined) return;
      const statement = statementsOf(step);
      log.notify('done', `done      ${statement}  (${step.reason})`, { item: step.item, statement });
    });
    mirror.on('report', () => {
      this.#counts.converged += 1;
      this.#lastConvergedAt = clock.now();
      this.#settle(() => {
        this.#failure = undefined;
      });
    });
    mirror.on('failed', ({ error, failures }) => {
      this.#counts.failed += 1;
      const isKnown = failures > 1 && error.message === this.#failure?.message;
      // An outage is logged once, however many requests fail in different ways during it.
      const isOfOutage = !this.isReachable && unusable.has(error.code);
      this.#failure = error;
      if (this.#outage === undefined && !isKnown && !isOfOutage) this.#logFailure(error);
    });
    mirror.on('serverDown', ({ error }) => {
      const isKnown = !this.isReachable;
      this.#outage = error;
      if (!isKnown) this.#logFailure(error);
    });
    mirror.on('serverUp', () => {
      this.#settle(() => {
        this.#outage = undefined;
      });
    });
  }

  get counts(): EventCounts {
    return this.#counts;
  }

  /** Why the server is not available, or the error that ended the last convergence. */
  get error(): CfluxError | undefined {
    return this.#outage ?? this.#failure;
  }

  /** Whether a server responds that can be used. */
  get isReachable(): boolean {
    return this.#outage === undefined && !unusable.has(this.#failure?.code ?? '');
  }

  /** Milliseconds since 1970. */
  get lastConvergedAt(): number | undefined {
    return this.#lastConvergedAt;
  }

  #logFailure({ message, code }: CfluxError): void {
    this.#log.notify('failed', `${message}; retrying`, { code });
  }

  /** Logs that the server is available again if `settle` removes the last error. */
  #settle(settle: () => void): void {
    const hadError = this.error !== undefined;
    settle();
    if (!hadError || this.error !== undefined) return;
    this.#log.notify('recovered', `InfluxDB at ${this.#url} is available again`);
  }
}
