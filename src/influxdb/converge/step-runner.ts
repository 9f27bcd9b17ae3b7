import { type CfluxError, isCfluxError } from '../../errors.js';
import type { InfluxConnection } from '../connect/influx-connection.js';
import { reachOf } from '../connect/statement-error.js';
import type { Step } from '../plan/plan.js';
import { runStep } from './run-step.js';
import type { Tally } from './tally.js';
import { Troubles } from './troubles.js';

/** Executes the statements of convergences, and tells a failure of one statement from one of the server. */
export class StepRunner {
  readonly #connection: InfluxConnection;
  readonly #troubles = new Troubles();

  constructor(connection: InfluxConnection) {
    this.#connection = connection;
  }

  /** Makes one change. Resolves with the server's reason to refuse it, or with the server's own failure. */
  async run(
    step: Step,
    password: string | undefined,
    tally: Tally,
    signal: AbortSignal | undefined,
  ): Promise<string | CfluxError | undefined> {
    try {
      const refusal = await runStep(this.#connection, step.action, { password });
      this.#troubles.forget(step);
      return refusal;
    } catch (error) {
      if (isCfluxError(error) && (await this.#isOfStatement(error, tally, signal)))
        return this.#troubles.classify(step, error);
      throw error;
    }
  }

  /**
   * Resolves with whether other statements may succeed after `error`. A broken connection or a forbidden request may concern one
   * statement: a proxy has its own rules, and a statement can crash a server. A test read decides, only once per convergence, because
   * each statement that hangs takes the whole timeout.
   */
  async #isOfStatement(error: CfluxError, tally: Tally, signal: AbortSignal | undefined): Promise<boolean> {
    const reach = reachOf(error);
    if (reach !== 'unclear') return reach === 'none';
    const isSilence = error.status === undefined;
    if (isSilence && tally.troubles.some(({ status }) => status === undefined)) return false;
    return this.#connection.isUsable(signal);
  }
}
