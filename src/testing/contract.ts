/**
 * One thing that every implementation of an interface must hold. `run` rejects where it does not. Any test runner will do:
 *
 * @example
 * ```ts
 * describe('my store', () => {
 *   for (const { name, run } of storeContract(subject)) it(name, run);
 * });
 * ```
 */
export interface ContractCheck {
  readonly name: string;
  readonly run: () => Promise<void>;
}
