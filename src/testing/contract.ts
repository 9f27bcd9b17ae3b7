/**
 * One check that every implementation of an interface must pass. `run` rejects if it fails. Works with any test runner:
 *
 * @example
 * ```ts
 * import { describe, it } from 'vitest';
 *
 * const place = () => {
 *   const store = new MemoryStore();
 *   return { connect: () => store.share() };
 * };
 * describe('my store', () => {
 *   for (const { name, run } of storeContract({ place })) it(name, run);
 * });
 * ```
 */
export interface ContractCheck {
  readonly name: string;
  readonly run: () => Promise<void>;
}
