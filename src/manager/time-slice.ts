/** Milliseconds after which a long piece of work lets other work run. */
const longest = 10;

const waiting: (() => void)[] = [];

/** One slice a turn of the event loop: many long pieces of work at once block it no longer than one of them. */
function runNext(): void {
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

/** Divides a loop over many items, so that it does not block the event loop: heartbeats and polls go on meanwhile. */
export class TimeSlice {
  #begun = performance.now();

  /** To be awaited after each item. */
  async rest(): Promise<void> {
    if (performance.now() - this.#begun < longest) return;
    await nextTurn();
    this.#begun = performance.now();
  }
}
