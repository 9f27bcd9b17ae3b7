import type { CfluxError } from '../errors.js';
import type { Finding, Plan, Step } from './plan.js';
import { statementKey as keyOf } from './troubles.js';

/** What one convergence has done so far, so that it does nothing twice. */
export class Tally {
  readonly done: Step[] = [];
  readonly #taken = new Set<string>();
  readonly #refused = new Map<string, string>();
  readonly #troubled = new Map<string, CfluxError>();
  #hasDropped = false;

  /**
   * The steps of `plan` that are to be made now. Drops come alone, once nothing else is left: they are then made on a reading
   * that is a moment old, and once in a convergence, so that it never makes more of them than one plan may have.
   */
  next(plan: Plan): { readonly steps: readonly Step[]; readonly areDrops: boolean } {
    const isClosed = (key: string) =>
      this.#taken.has(key) || this.#refused.has(key) || this.#troubled.has(key);
    const isOpen = (step: Step) => !isClosed(keyOf(step));
    const begin = plan.steps.length - plan.drops;
    const changes = plan.steps.slice(0, begin).filter(isOpen);
    if (changes.length > 0 || this.#hasDropped) return { steps: changes, areDrops: false };
    return { steps: plan.steps.slice(begin).filter(isOpen), areDrops: true };
  }

  beginDrops(): void {
    this.#hasDropped = true;
  }

  note(step: Step, refusal: string | undefined): void {
    if (refusal !== undefined) {
      this.#refused.set(keyOf(step), refusal);
      return;
    }
    this.done.push(step);
    this.#taken.add(keyOf(step));
  }

  /** The server had trouble with a step: later steps are made all the same, and this one in the next convergence. */
  noteTrouble(step: Step, error: CfluxError): void {
    this.#troubled.set(keyOf(step), error);
  }

  /** What the server had trouble with. */
  get troubles(): readonly CfluxError[] {
    return [...this.#troubled.values()];
  }

  /** The steps of the last plan that were not made, or to no avail. */
  leftOf(plan: Plan): { readonly refused: readonly Finding[]; readonly pending: readonly Finding[] } {
    const refused: Finding[] = [];
    const pending: Finding[] = [];
    for (const step of plan.steps) {
      const reason = this.#refused.get(keyOf(step));
      if (reason !== undefined) refused.push({ ...step, reason });
      else if (this.#taken.has(keyOf(step))) {
        refused.push({ ...step, reason: 'the server took the statement, and is still as it was' });
      } else pending.push({ ...step, reason: `${step.reason}; left to the next convergence` });
    }
    return { refused, pending };
  }
}
