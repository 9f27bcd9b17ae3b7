import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** What runs in one terminal of the reader, and its output. */
export class Terminal {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  /** Output that no expectation has passed yet. */
  #unread = '';
  #all = '';
  readonly #waiting = new Set<() => void>();

  constructor(script: string, cwd: string, env: NodeJS.ProcessEnv) {
    // A process group of its own: Ctrl+C reaches all of it.
    this.#child = spawn('bash', ['-c', `set -eu\n${script}`], {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#ended = once(this.#child, 'close').then(() => this.#notify());
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#unread += text;
        this.#all += text;
        this.#notify();
      });
  }

  get output(): string {
    return this.#all;
  }

  /** Resolves with the exit code. */
  async end(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }

  /** As Ctrl+C does; resolves when the process has ended. */
  async interrupt(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null && this.#child.pid !== undefined)
      process.kill(-this.#child.pid, 'SIGINT');
    await this.#ended;
  }

  /** Resolves when the output has these lines, in any order; `…` in a line stands for anything. What comes before them is not looked at again. */
  async shows(lines: readonly string[], timeout: number): Promise<void> {
    const patterns = lines.map(patternOf);
    const limit = Date.now() + timeout;
    for (;;) {
      const ends = patterns.map((pattern) => endOf(pattern, this.#unread));
      if (ends.every((end) => end !== undefined)) {
        this.#unread = this.#unread.slice(Math.max(...ends));
        return;
      }
      const rest = limit - Date.now();
      if (rest <= 0 || this.#child.exitCode !== null)
        throw new Error(`the output does not have\n${lines.join('\n')}\nbut is\n${this.#all}`);
      await this.#change(rest);
    }
  }

  #change(timeout: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeout);
      this.#waiting.add(done);
    });
  }

  #notify(): void {
    for (const done of [...this.#waiting]) done();
  }
}

function endOf(pattern: RegExp, text: string): number | undefined {
  const match = pattern.exec(text);
  return match === null ? undefined : match.index + match[0].length;
}

const patternOf = (line: string) =>
  new RegExp(
    `^${line
      .split('…')
      .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('.*')}$`,
    'm',
  );
