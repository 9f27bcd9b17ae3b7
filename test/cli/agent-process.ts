import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { atEnd } from '../influxdb/support/lab.js';
import { bundle } from '../support/bundle.js';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

/** Resolves with the path of `cflux` as one plain JavaScript file. */
export const cfluxProgram = () => bundle(main);

/** An agent in a process of its own. */
export class AgentProcess {
  readonly #program: string;
  readonly #args: readonly string[];
  #child: ReturnType<typeof spawn> | undefined;
  #output = '';
  #changed: () => void = () => {};

  constructor(program: string, ...args: readonly string[]) {
    this.#program = program;
    this.#args = args;
    atEnd(() => this.kill());
  }

  start(...more: readonly string[]): void {
    const args = [this.#program, 'agent', ...this.#args, ...more];
    this.#output = '';
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.on('data', (piece) => {
      this.#output += piece;
      this.#changed();
    });
    this.#child = child;
  }

  /** The lines that it printed since its start. */
  get lines(): readonly string[] {
    return this.#output.split('\n').slice(0, -1);
  }

  /** Resolves with the first match in what it printed since its start. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match !== null) return match;
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}
