import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** The command `cflux manager` in a process of its own. */
export class ManagerProcess {
  readonly #data: string;
  #child: ChildProcess | undefined;
  #port = 0;
  /** How often it was killed by SIGKILL. */
  kills = 0;

  /** @param data directory of its store */
  constructor(data: string) {
    this.#data = data;
  }

  /** Starts it, after the first time on the same port; resolves with its URL. */
  async start(): Promise<string> {
    const args = [
      '--import',
      'tsx',
      program,
      'manager',
      '--listen',
      `127.0.0.1:${this.#port}`,
      '--data',
      this.#data,
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#child = child;
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /http:\/\/127\.0\.0\.1:(\d+)/.exec(line);
      if (!url) continue;
      this.#port = Number(url[1]);
      return url[0];
    }
    throw new Error('the manager did not start');
  }

  async kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    if (signal === 'SIGKILL') this.kills += 1;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
}
