import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.js';

const program = fileURLToPath(new URL('../manager/programs/etcd-manager.ts', import.meta.url));

/** A manager on etcd in a process of its own, which can be treated badly; it keeps its port. */
export class ManagerProcess {
  readonly #args: readonly string[];
  #process: ChildProcess | undefined;
  #url = '';

  /** `endpoints`: of etcd, the first preferred. */
  constructor(prefix: string, endpoints: readonly string[]) {
    this.#args = [prefix, ...endpoints];
  }

  get url(): string {
    return this.#url;
  }

  async start(): Promise<void> {
    const port = this.#url === '' ? '0' : new URL(this.#url).port;
    const child = spawn(process.execPath, [await bundle(program), port, ...this.#args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#process = child;
    const [line] = await once(createInterface(child.stdout), 'line');
    this.#url = String(line);
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGUSR2'): void {
    this.#process?.kill(signal);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}
