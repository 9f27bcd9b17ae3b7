/** Milliseconds after which long work yields to other work. */
const maxSlice = 4;

const waiting: (() => void)[] = [];

/** When the long work of the current turn of the event loop began. */
let began: number | undefined;

/** Runs one slice per turn of the event loop: many long tasks at once block it no longer than one of them. */
function runNext(): void {
  began = undefined;
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(runNext);
}

/** Resolves in a turn of the event loop in which no other slice begins. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length === 1) setImmediate(runNext);
  });
}

function begin(): number {
  if (began === undefined) {
    began = performance.now();
    setImmediate(() => {
      began = undefined;
    });
  }
  return began;
}

/**
 * Divides a loop over many items, so that it does not block the event loop: heartbeats and polls are served in between. All the loops of
 * one turn share its time, because one often starts where another ends.
 */
export class TimeSlice {
  constructor() {
    begin();
  }

  /** Must be awaited after each item. */
  async rest(): Promise<void> {
    if (performance.now() - begin() >= maxSlice) await nextTurn();
  }
}

/**
 * Number of items in a slice of `inSlices`: fixed, because what an item leads to, such as a response, happens after `work`. Thirty-two
 * responses take about two milliseconds, and are written one right after the other: a reader that has to wake up for each makes each
 * write more expensive.
 */
const itemsOfSlice = 32;

/**
 * Calls `work` for all `items`, in slices. It begins in a later turn of the event loop, so that what the present turn has to send is sent
 * first, with the items that exist by then.
 */
export async function inSlices<T>(items: Iterable<T>, work: (item: T) => void): Promise<void> {
  await nextTurn();
  const all = [...items];
  for (let at = 0; at < all.length; at += itemsOfSlice) {
    if (at > 0) await nextTurn();
    begin();
    for (const item of all.slice(at, at + itemsOfSlice)) work(item);
  }
}
