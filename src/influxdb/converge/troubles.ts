import type { CfluxError } from '../../errors.js';
import { isOwnTrouble } from '../connect/statement-error.js';
import type { Step } from '../plan/plan.js';
import { influxqlOf } from '../statements/statement.js';

/** Maximum attempts of a statement that fails for a reason that may be the server's own; the last failure counts as a refusal. */
const maxTries = 3;

/** Counts, across convergences, how often the server failed to execute each statement. */
export class Troubles {
  readonly #tries = new Map<string, number>();

  /** Returns the text of `error` if it counts as a refusal of `step` from now on; otherwise the error itself. */
  classify(step: Step, error: CfluxError): string | CfluxError {
    if (isOwnTrouble(error)) return error;
    const key = statementKey(step);
    const tries = (this.#tries.get(key) ?? 0) + 1;
    this.#tries.set(key, tries);
    return tries < maxTries ? error : error.message;
  }

  /** Resets the count after the server executed or refused the statement of `step`. */
  forget(step: Step): void {
    this.#tries.delete(statementKey(step));
  }
}

/** Returns the statements of a step as a key; the same for every password. */
export const statementKey = (step: Step): string => influxqlOf(step.action).join('\n');
