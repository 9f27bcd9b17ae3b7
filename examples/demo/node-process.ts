import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Report, Request } from './messages.js';
import type { Commands } from './node.js';

const program = fileURLToPath(new URL('./node.ts', import.meta.url));

/** The process of one node, as the demo sees it. */
export class NodeProcess {
  readonly name: string;
  conflicts = 0;
  /** How many snapshots the hardest of its changes took. */
  hardest = 0;
  #pushed: () => void = () => undefined;
  readonly #dir: string;
  readonly #onConflict: (version: number) => void;
  readonly #waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  #child: ChildProcess | undefined;
  #lastId = 0;

  constructor(name: string, dir: string, onConflict: (version: number) => void) {
    this.name = name;
    this.#dir = dir;
    this.#onConflict = onConflict;
  }

  start(endpoint: string): void {
    this.#child = fork(program, [this.#dir, endpoint], { execArgv: ['--import', 'tsx'] });
    this.#child.on('message', (message: Answer | Report) => this.#receive(message));
    this.#child.on('exit', () => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`${this.name} died before a response came`));
      this.#waiting.clear();
    });
  }

  get isAlive(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when its next change has become a version of the cluster. */
  heardOfPush(): Promise<void> {
    return new Promise((resolve) => {
      this.#pushed = resolve;
    });
  }

  /** Kills the process at once, without any goodbye. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  call<Name extends keyof Commands>(
    command: Name,
    argument?: Parameters<Commands[Name]>[0],
  ): Promise<Awaited<ReturnType<Commands[Name]>>> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child?.send({ id, command, argument } satisfies Request);
    });
  }

  #receive(message: Answer | Report): void {
    if ('event' in message) {
      if (message.event === 'conflict') {
        this.conflicts += 1;
        this.#onConflict(message.version);
      }
      if (message.event === 'pushed') {
        this.#pushed();
        this.hardest = Math.max(this.hardest, message.rounds);
      }
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ('error' in message) waiting?.reject(new Error(`${this.name}: ${message.error}`));
    else waiting?.resolve(message.result as never);
  }
}
