import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** The command `cflux` in a process of its own, and its output. */
export class CfluxProcess {
  readonly #args: readonly string[];
  readonly #onLine: (line: string) => void;
  readonly #waiting = new Set<{ readonly text: string; readonly resolve: (line: string) => void }>();
  #child: ChildProcess | undefined;
  /** The last lines of its standard error: a manager writes a line for each change there. */
  #errors: string[] = [];

  constructor(args: readonly string[], onLine: (line: string) => void = () => undefined) {
    this.#args = args;
    this.#onLine = onLine;
  }

  start(): void {
    const env = { ...process.env, CFLUX_HEARTBEAT_INTERVAL: '500ms' };
    const child = spawn(process.execPath, ['--import', 'tsx', program, ...this.#args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#errors = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.#errors = [...this.#errors, line].slice(-10);
    });
    // Killed by the demonstration, it has a signal, or the exit code 0.
    child.on('exit', (code) => {
      if (code) console.error(`cflux ${this.#args[0]} failed:\n${this.#errors.join('\n')}`);
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.#onLine(line);
      for (const waiting of this.#waiting) {
        if (!line.includes(waiting.text)) continue;
        this.#waiting.delete(waiting);
        waiting.resolve(line);
      }
    });
  }

  /** The next line that has `text`. */
  line(text: string): Promise<string> {
    return new Promise((resolve) => this.#waiting.add({ text, resolve }));
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
}
