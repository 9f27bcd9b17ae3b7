import type { Contents, History, Operation } from '../history.js';
import { firstViolation, judge } from './first-violation.js';
import { partition } from './partition.js';
import { checkTruth } from './truth.js';
import { checkVersions } from './versions.js';

/** What became of a history. */
export interface Verdict {
  /** Whether anything is wrong. */
  readonly isGood: boolean;
  /** What is wrong, in words. */
  readonly findings: readonly string[];
  /** Keys whose operations are linearizable. */
  readonly linearizable: number;
  /** Keys that were too much for the checker: nothing is known of them. */
  readonly undecided: readonly string[];
}

/** Holds a history, and what each node has in the end, against everything that must be so; `more`: what is wrong besides. */
export function checkHistory(
  history: History,
  final: ReadonlyMap<string, Contents>,
  more: readonly string[] = [],
): Verdict {
  const complaints = history.complaints.map(({ client, what }) => `${client}: ${what}`);
  const findings: string[] = [...more, ...complaints];
  const undecided: string[] = [];
  let good = 0;
  const [first, ...others] = final;
  const atTheEnd = first === undefined ? [] : [readAtTheEnd(history, ...first)];
  for (const [key, operations] of partition([...history.operations, ...atTheEnd])) {
    const classification = judge(operations);
    if (classification === 'linearizable') good += 1;
    else if (classification === 'undecided') undecided.push(key);
    else {
      const { id, call, result } = firstViolation(operations) ?? {};
      findings.push(`${key} is not linearizable from operation ${id} on: ${call?.do} answered “${result}”`);
    }
  }
  findings.push(...checkVersions(history));
  if (first !== undefined) findings.push(...checkTruth(history.operations, first[1]));
  for (const [client, contents] of others) {
    if (first !== undefined && !sameContents(first[1], contents))
      findings.push(`${client} has other metadata than ${first[0]}`);
  }
  return { isGood: findings.length === 0, findings, linearizable: good, undecided };
}

/** What a node has in the end is what a read would find that began when everything was over. */
function readAtTheEnd({ operations }: History, client: string, result: Contents): Operation {
  let last = 0;
  for (const { begin, end } of operations) last = Math.max(last, Number.isFinite(end) ? end : begin);
  const [begin, end] = [last + 1, last + 2];
  return { id: Number.MAX_SAFE_INTEGER, client, call: { do: 'read' }, begin, end, outcome: 'ok', result };
}

const sameContents = (a: Contents, b: Contents) =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => (a[key] ?? '') === (b[key] ?? ''));
