import type { CfluxError } from '../errors.js';
import type { Step } from './plan.js';
import { influxqlOf } from './statement.js';
import { isOwnTrouble } from './statement-error.js';

/** So many tries of a statement may meet trouble that may be the server's own; the last one counts as a refusal. */
const maxTries = 3;

/** Remembers, over convergences, how often each statement met trouble of the server. */
export class Troubles {
  readonly #tries = new Map<string, number>();

  /** The text of `error` if it counts as a refusal of `step` from now on, otherwise the error itself. */
  judge(step: Step, error: CfluxError): string | CfluxError {
    if (isOwnTrouble(error)) return error;
    const key = statementKey(step);
    const tries = (this.#tries.get(key) ?? 0) + 1;
    this.#tries.set(key, tries);
    return tries < maxTries ? error : error.message;
  }

  /** The server accepted the statement of `step`, or refused it. */
  forget(step: Step): void {
    this.#tries.delete(statementKey(step));
  }
}

/** Identifies a step by its statements; the same for every password. */
export const statementKey = (step: Step): string => influxqlOf(step.action).join('\n');
