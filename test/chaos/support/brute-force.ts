import type { Judgement, Model, ObjectOperation } from '../checker/model.js';

/** Tries every order of every choice of the operations, with no thought for speed: what the checker is held against. */
export function bruteForce<Call, Result>(
  model: Model<Call, Result>,
  operations: readonly ObjectOperation<Call, Result>[],
): Judgement {
  const explains = (state: string, left: readonly ObjectOperation<Call, Result>[]): boolean => {
    if (left.every(({ isCertain }) => !isCertain)) return true;
    return left.some((operation) => {
      const isFirst = !left.some((other) => other.isCertain && other.end < operation.begin);
      const after = isFirst ? model.step(state, operation.call, operation.result) : undefined;
      return (
        after !== undefined &&
        explains(
          after,
          left.filter((other) => other !== operation),
        )
      );
    });
  };
  return explains(model.initial, operations) ? 'linearizable' : 'violated';
}
