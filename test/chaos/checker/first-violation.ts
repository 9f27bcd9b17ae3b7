import { linearizable } from './linearizable.js';
import { objectModel } from './models.js';
import { type KeyOperation, maxRead } from './partition.js';

/**
 * The earliest operation whose end makes the history impossible; before it all can be explained. A history stays violated however it
 * goes on, so the place is found by halving.
 */
export function firstViolation(operations: readonly KeyOperation[]): KeyOperation | undefined {
  const ends = operations.filter(({ isCertain }) => isCertain).sort((a, b) => a.end - b.end);
  let [good, bad] = [-1, ends.length - 1];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (judge(until(operations, ends[middle]?.end ?? 0)) === 'violated') bad = middle;
    else good = middle;
  }
  return ends[bad];
}

/** What was known at `time`: whatever had not ended then may have happened or not. */
function until(operations: readonly KeyOperation[], time: number): readonly KeyOperation[] {
  return operations
    .filter(({ begin }) => begin <= time)
    .map((operation) =>
      operation.end <= time
        ? operation
        : { ...operation, isCertain: false, end: Number.POSITIVE_INFINITY, result: undefined },
    );
}

/** Whether one object's operations are linearizable. */
export function judge(operations: readonly KeyOperation[]) {
  return linearizable(objectModel({ longest: maxRead(operations) }), operations);
}
