import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const running = new Set<ChildProcess>();
// One that is paused would not notice that the harness is gone.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A program in a process of its own that can be treated badly, and started again. */
export class ChildProgram {
  readonly #command: readonly string[];
  readonly #stderr: 'inherit' | 'ignore';
  #process: ChildProcess | undefined;
  #isPaused = false;

  /** `command`: what is run, the program first. `stderr`: where its error output goes. */
  constructor(command: readonly string[], stderr: 'inherit' | 'ignore' = 'inherit') {
    this.#command = command;
    this.#stderr = stderr;
  }

  get isAlive(): boolean {
    const child = this.#process;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  get pid(): number | undefined {
    return this.isAlive ? this.#process?.pid : undefined;
  }

  /** Starts it, also with `args`; it communicates over a channel. */
  start(...args: readonly string[]): ChildProcess {
    const [program = '', ...rest] = this.#command;
    const child = spawn(program, [...rest, ...args], {
      stdio: ['ignore', 'ignore', this.#stderr, 'ipc'],
      serialization: 'advanced',
    });
    this.#process = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    this.#isPaused = false;
    // What is sent to a dying process is lost, as it would be anywhere.
    child.on('error', () => undefined);
    return child;
  }

  send(message: object): void {
    if (this.isAlive && this.#process?.connected) this.#process.send(message, () => undefined);
  }

  /** SIGSTOP: it hangs, and its connections stay. */
  pause(): void {
    if (this.isAlive) this.#isPaused = this.#process?.kill('SIGSTOP') ?? false;
  }

  resume(): void {
    if (this.isAlive && this.#isPaused) this.#process?.kill('SIGCONT');
    this.#isPaused = false;
  }

  /** Resolves when it is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#process;
    if (!this.isAlive || child === undefined) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
}
