type Start = () => void;

/** Waiting tasks by key; the least recently served key is first. */
type Line = Map<string, Start[]>;

/** Properties of a task of {@link FairTurns}. */
export interface Turn {
  /** Identifies the caller: all tasks with one key share its turns. */
  readonly key: string;
  /** Whether the task may take many times as long as the others. */
  readonly isSlow: boolean;
}

/**
 * Runs `limit` tasks at a time. Keys take turns, so a key with a thousand tasks delays another key by one task; the tasks of a key run
 * in order. At most one slow task runs at a time, and at least one slot is always left for other tasks.
 */
export class FairTurns {
  private readonly ordinaryLine: Line = new Map();
  private readonly slowLine: Line = new Map();
  private ordinary = 0;
  private slow = 0;
  /** The key of the task that was started last. */
  private last: string | undefined;

  constructor(private readonly limit: number) {}

  run<T>({ key, isSlow }: Turn, task: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const start = () => {
        this.count(isSlow, 1);
        const ended = Promise.resolve().then(task).then(resolve, reject);
        void ended.then(() => {
          this.count(isSlow, -1);
          this.startNext();
        });
      };
      const line = isSlow ? this.slowLine : this.ordinaryLine;
      const tasks = line.get(key);
      if (tasks === undefined) line.set(key, [start]);
      else tasks.push(start);
      this.startNext();
    });
  }

  private startNext(): void {
    // With a limit of one, a slow task gets an extra slot.
    if (this.slow + this.ordinary >= Math.max(this.limit, 2)) return;
    const next =
      (this.slow === 0 ? this.takeFirst(this.slowLine) : undefined) ??
      (this.ordinary < this.limit ? this.takeFirst(this.ordinaryLine) : undefined);
    next?.();
  }

  private count(isSlow: boolean, change: 1 | -1): void {
    if (isSlow) this.slow += change;
    else this.ordinary += change;
  }

  /** Removes a task of the first key, and moves the key to the end. The key that had its turn last waits if there is another one. */
  private takeFirst(line: Line): Start | undefined {
    const [first, second] = line;
    const entry = first?.[0] === this.last ? (second ?? first) : first;
    if (entry === undefined) return undefined;
    const [key, tasks] = entry;
    const task = tasks.shift();
    line.delete(key);
    if (tasks.length > 0) line.set(key, tasks);
    this.last = key;
    return task;
  }
}
