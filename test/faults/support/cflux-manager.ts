import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { bundle } from '../../support/bundle.js';

const main = fileURLToPath(new URL('../../../src/cli/main.ts', import.meta.url));
let built: Promise<string> | undefined;

/** `cflux manager` as a process of its own, which can be treated badly; it keeps its port, and by its arguments its data. */
export class CfluxManager {
  readonly #args: readonly string[];
  readonly #prefix: readonly string[];
  #child: ChildProcess | undefined;
  #url = '';
  /** The error output of it and its predecessors. */
  log = '';

  private constructor(args: readonly string[], prefix: readonly string[]) {
    this.#args = args;
    this.#prefix = prefix;
  }

  /** A manager for the length of the test. `prefix`: a command that the program is started with, such as `ip netns exec …`. */
  static async start(args: readonly string[], prefix: readonly string[] = []): Promise<CfluxManager> {
    const manager = new CfluxManager(args, prefix);
    onTestFinished(() => manager.kill());
    await manager.start();
    return manager;
  }

  get url(): string {
    return this.#url;
  }

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get running(): boolean {
    return this.#child !== undefined;
  }

  async start(): Promise<void> {
    built ??= bundle(main);
    const listen = this.#args.includes('--listen')
      ? []
      : ['--listen', this.#url === '' ? '0' : new URL(this.#url).port];
    const [command = '', ...rest] = [
      ...this.#prefix,
      process.execPath,
      await built,
      'manager',
      ...listen,
      ...this.#args,
    ];
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    child.stderr.on('data', (chunk: Buffer) => {
      this.log += chunk;
    });
    let out = '';
    this.#url = await new Promise<string>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk;
        const url = /listening on (\S+),/.exec(out)?.[1];
        if (url !== undefined) resolve(url);
      });
      child.once('close', () => reject(new Error(`the manager ended: ${this.log}`)));
    });
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM: it ends as it should. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill(signal);
    child.kill('SIGCONT');
    await closed;
  }
}
