import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { bundle } from '../../support/bundle.js';
import { builtUiOf } from './built-ui.js';

const program = fileURLToPath(new URL('./manager-program.ts', import.meta.url));
let built: Promise<string> | undefined;

/** A manager with the dashboard in a process of its own; it keeps its port. */
export class RealManager {
  readonly #arguments: readonly string[];
  #child: ChildProcess | undefined;
  url = '';
  /** Everything that it printed. */
  output = '';

  /** @param store `lmdb` and a directory, or `etcd` and endpoints */
  constructor(store: readonly string[], tokens = '') {
    this.#arguments = [tokens, ...store];
    onTestFinished(() => this.end('SIGKILL'));
  }

  async start(): Promise<void> {
    const port = this.url === '' ? '0' : new URL(this.url).port;
    built ??= bundle(program);
    const child = spawn(process.execPath, [await built, port, await builtUiOf(), ...this.#arguments], {
      env: { ...process.env, DEBUG: '*' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        this.output += String(text);
      });
    const [line] = await once(createInterface(child.stdout), 'line');
    this.url = String(line);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  }
}
