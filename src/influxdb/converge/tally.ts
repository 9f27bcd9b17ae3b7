import type { CfluxError } from '../../errors.js';
import type { Origin } from '../ledger/ledger.js';
import type { Finding, Plan, Step } from '../plan/plan.js';
import type { Report } from './report.js';
import { statementKey as keyOf } from './troubles.js';

/** Records what one convergence has done, so that it does nothing twice. */
export class Tally {
  readonly done: Step[] = [];
  readonly #taken = new Set<string>();
  readonly #refused = new Map<string, string>();
  readonly #troubled = new Map<string, CfluxError>();
  #hasDropped = false;

  /**
   * Returns the steps of `plan` to make now. Drops come separately, when nothing else is left, so that they are based on a recent
   * reading; and only once per convergence, so that it never makes more drops than one plan may have.
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

  /** Records that the server failed to execute a step: later steps are still made, and this one in the next convergence. */
  noteTrouble(step: Step, error: CfluxError): void {
    this.#troubled.set(keyOf(step), error);
  }

  /** Records that a statement that reads the server failed: what it shows is left alone until it succeeds. */
  noteUnread(error: CfluxError): void {
    this.#troubled.set(error.message, error);
  }

  /** The failures of the server. */
  get troubles(): readonly CfluxError[] {
    return [...this.#troubled.values()];
  }

  /** Returns the report of a convergence that ends with `plan`. */
  reportOf(
    plan: Plan,
    { version, epoch }: Origin,
    { server, source }: Pick<Report, 'server' | 'source'>,
  ): Report {
    const { refused, pending } = this.#leftOf(plan);
    const { steps: _, drops: __, ...findings } = plan;
    return {
      server,
      version,
      epoch,
      source,
      done: this.done,
      ...findings,
      refused: [...plan.refused, ...refused],
      pending: [...plan.pending, ...pending],
    };
  }

  /** Returns the steps of the last plan that were not made, or had no effect. */
  #leftOf(plan: Plan): { readonly refused: readonly Finding[]; readonly pending: readonly Finding[] } {
    const refused: Finding[] = [];
    const pending: Finding[] = [];
    for (const step of plan.steps) {
      const reason = this.#refused.get(keyOf(step));
      if (reason !== undefined) refused.push({ ...step, reason });
      else if (this.#taken.has(keyOf(step))) {
        refused.push({ ...step, reason: 'the server accepted the statement, but it had no effect' });
      } else pending.push({ ...step, reason: `${step.reason}; retried in the next convergence` });
    }
    return { refused, pending };
  }
}
