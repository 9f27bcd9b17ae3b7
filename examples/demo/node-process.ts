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
  kills = 0;
  #pushed: () => void = () => undefined;
  readonly #dir: string;
  readonly #onConflict: () => void;
  readonly #waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  #child: ChildProcess | undefined;
  #lastId = 0;

  constructor(name: string, dir: string, onConflict: () => void) {
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
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    this.kills += 1;
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
        this.#onConflict();
      }
      if (message.event === 'pushed') this.#pushed();
      return;
    }
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if ('error' in message)
      waiting?.reject(Object.assign(new Error(`${this.name}: ${message.error}`), { code: message.code }));
    else waiting?.resolve(message.result as never);
  }
}
