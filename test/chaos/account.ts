import type { Operation } from './history.js';
import type { ChaosOutcome } from './run.js';

/** The figures of a run, for people. */
export function account({ verdict, log, schedule, points }: ChaosOutcome): string[] {
  const { operations, observations } = log;
  const steps = Object.entries(countBy(schedule, ({ fault }) => fault)).map(
    ([fault, count]) => `${fault} ${count}`,
  );
  const outcomes = (list: readonly Operation[]) => {
    const { ok = 0, failed = 0, unknown = 0 } = countBy(list, ({ outcome }) => outcome);
    return `${ok} ok, ${failed} failed for certain, ${unknown} unknown`;
  };
  const notified = operations.flatMap(({ error }) => error?.split(':')[0] ?? []);
  const errors = Object.entries(countBy(notified, (code) => code)).map(([code, count]) => `${code} ${count}`);
  const reads = operations.filter(({ call }) => call.do === 'read');
  const changes = operations.filter(({ call }) => call.do !== 'read');
  const versions = new Set(observations.map(({ at }) => at.version)).size;
  const clients = new Set(observations.map(({ client }) => client)).size;
  return [
    `faults      ${schedule.length}: ${steps.sort().join(', ')}`,
    `changes     ${changes.length}: ${outcomes(changes)}`,
    `reads       ${reads.length}: ${outcomes(reads)}`,
    `errors      ${errors.sort().join(', ') || 'none'}`,
    `versions    ${versions}, seen ${observations.length} times by ${clients} lives of nodes`,
    ...(points === 0 ? [] : [`points      ${points}, while drops of their databases were ordered`]),
    `keys        ${verdict.linearizable} linearizable, ${verdict.undecided.length} undecided`,
    ...verdict.findings.slice(0, 50).map((finding) => `VIOLATION   ${finding}`),
    ...(verdict.findings.length > 50 ? [`            and ${verdict.findings.length - 50} more`] : []),
    `verdict     ${verdict.isGood ? 'nothing contradicts linearizability; every node converged' : 'VIOLATED'}`,
  ];
}

function countBy<T, Key extends string>(
  list: readonly T[],
  keyOf: (item: T) => Key,
): Partial<Record<Key, number>> {
  const counts: Partial<Record<Key, number>> = {};
  for (const item of list) {
    const key = keyOf(item);
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
