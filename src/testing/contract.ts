/**
 * One thing that every implementation of an interface must hold. `run` rejects where it does not. Any test runner will do:
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
