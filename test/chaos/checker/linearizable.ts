import type { Judgement, Model, ObjectOperation } from './model.js';

/** A call or a return, in a list in the order of time. */
interface Entry {
  readonly operation: number;
  /** Of a call, where the operation has returned. */
  readonly back: Entry | undefined;
  readonly isCall: boolean;
  previous: Entry | undefined;
  next: Entry | undefined;
}

export interface SearchLimits {
  /** States of the search that are remembered at most. */
  readonly most?: number;
}

/**
 * Whether `operations` are linearizable: whether each can be given one moment between its begin and its end so that, in the
 * order of these moments, the model returns their results.
 *
 * The algorithm is that of J. M. Wing and C. Gong, “Testing and verifying concurrent objects” (Journal of Parallel and
 * Distributed Computing 17, 1993), with the memory of G. Lowe, “Testing for linearizability” (Concurrency and Computation:
 * Practice and Experience 29(4), 2017): a depth-first search that takes next any operation that nothing else had to precede,
 * and that turns back where it has been before, with the same operations taken and the same state. Operations without a known
 * outcome have no return: they may be taken at any time after their call, and need not be.
 *
 * A read whose result equals the state is taken first and at once: wherever else it could be taken, it could be taken here just
 * as well. So a thousand reads leave nothing to choose.
 */
export function linearizable<Call, Result>(
  model: Model<Call, Result>,
  operations: readonly ObjectOperation<Call, Result>[],
  { most = 300_000 }: SearchLimits = {},
): Judgement {
  const head = listOf(operations);
  const taken = new Taken(operations.length);
  const seen = new Set<string>();
  const path: { readonly entry: Entry; readonly state: string; readonly hadChoice: boolean }[] = [];
  let state = model.initial;
  let left = operations.filter(({ isCertain }) => isCertain).length;
  let entry: Entry | undefined;

  const stateAfter = ({ operation }: Entry) => {
    const { call, result } = operations[operation] ?? {};
    return call && model.step(state, call, result);
  };
  const isCertain = ({ operation }: Entry) => operations[operation]?.isCertain === true;
  const isRead = ({ operation }: Entry) => {
    const { call } = operations[operation] ?? {};
    return call !== undefined && model.isRead(call);
  };
  const take = (call: Entry, after: string, hadChoice: boolean) => {
    path.push({ entry: call, state, hadChoice });
    state = after;
    taken.add(call.operation);
    if (isCertain(call)) left -= 1;
    lift(call);
  };
  /** Takes all reads that fit; the next to be tried is the first of the others. */
  const goOn = () => {
    for (entry = head.next; entry?.isCall === true; entry = entry.next) {
      if (!isRead(entry) || !isCertain(entry) || stateAfter(entry) === undefined) continue;
      take(entry, state, false);
      entry = head;
    }
    entry = head.next;
  };

  goOn();
  while (left > 0) {
    if (entry?.isCall === true) {
      const after = stateAfter(entry);
      if (after !== undefined && remember(seen, taken.with(entry.operation), after)) {
        if (seen.size > most) return 'undecided';
        take(entry, after, true);
        goOn();
      } else entry = entry.next;
      continue;
    }
    // Something has returned that was not taken, whatever was tried: the last one that was chosen was wrong.
    let last = path.pop();
    for (; last !== undefined; last = path.pop()) {
      state = last.state;
      taken.remove(last.entry.operation);
      if (isCertain(last.entry)) left += 1;
      unlift(last.entry);
      if (last.hadChoice) break;
    }
    if (last === undefined) return 'violated';
    entry = last.entry.next;
  }
  return 'linearizable';
}

/** Whether the search was not there before. */
function remember(seen: Set<string>, taken: string, state: string): boolean {
  const size = seen.size;
  seen.add(`${taken} ${state}`);
  return seen.size > size;
}

/** The operations that were taken so far, as text to remember: one bit each, sixteen to a character. */
class Taken {
  readonly #words: Uint16Array;

  constructor(size: number) {
    this.#words = new Uint16Array(Math.ceil(size / 16));
  }

  add(operation: number): void {
    this.#flip(operation);
  }

  remove(operation: number): void {
    this.#flip(operation);
  }

  with(operation: number): string {
    this.#flip(operation);
    const text = String.fromCharCode(...this.#words);
    this.#flip(operation);
    return text;
  }

  #flip(operation: number): void {
    const word = operation >> 4;
    this.#words[word] = (this.#words[word] ?? 0) ^ (1 << (operation & 15));
  }
}

function listOf<Call, Result>(operations: readonly ObjectOperation<Call, Result>[]): Entry {
  const entries = operations.flatMap(({ begin, end, isCertain }, operation) => {
    const common = { operation, previous: undefined, next: undefined };
    const back: Entry | undefined = isCertain ? { ...common, isCall: false, back: undefined } : undefined;
    const call: Entry = { ...common, isCall: true, back };
    return [{ time: begin, entry: call }, ...(back ? [{ time: end, entry: back }] : [])];
  });
  // At the same moment calls come first: the two are then concurrent, which forbids less.
  entries.sort((a, b) => a.time - b.time || Number(b.entry.isCall) - Number(a.entry.isCall));
  const head: Entry = { operation: -1, isCall: false, back: undefined, previous: undefined, next: undefined };
  let last = head;
  for (const { entry } of entries) {
    last.next = entry;
    entry.previous = last;
    last = entry;
  }
  return head;
}

/** Takes a call, and its return, out of the list. */
function lift(call: Entry): void {
  for (const entry of [call, call.back]) {
    if (entry === undefined) continue;
    if (entry.previous) entry.previous.next = entry.next;
    if (entry.next) entry.next.previous = entry.previous;
  }
}

/** Puts them back where they were. */
function unlift(call: Entry): void {
  for (const entry of [call.back, call]) {
    if (entry === undefined) continue;
    if (entry.previous) entry.previous.next = entry;
    if (entry.next) entry.next.previous = entry;
  }
}
