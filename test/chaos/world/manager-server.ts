import { once } from 'node:events';
import { ChildProgram } from './child-program.js';

/** A manager in a process of its own; it keeps its port. */
export class ManagerServer {
  readonly name: string;
  readonly program: ChildProgram;
  readonly #args: readonly string[];
  readonly #onCrash: (what: string) => void;
  #url = '';

  /** `args`: the address of a node with a network of its own, and its store, as the program wants it. `onCrash`: it served, and ended by itself. */
  constructor(name: string, program: string, args: readonly string[], onCrash: (what: string) => void) {
    this.name = name;
    // lmdb writes of a full disk there, hundreds of times.
    this.program = new ChildProgram([process.execPath, program], 'ignore');
    this.#args = args;
    this.#onCrash = onCrash;
  }

  get url(): string {
    return this.#url;
  }

  /** Starts it, and resolves when it serves. Rejects if it ends instead. */
  async start(): Promise<void> {
    if (this.program.isAlive) return;
    const port = this.#url === '' ? '0' : new URL(this.#url).port;
    const child = this.program.start(port, ...this.#args);
    const [url] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`${this.name} ended with ${code} instead of serving`);
      }),
    ]);
    child.on('exit', (code) => {
      if (code) this.#onCrash(`the manager ended with ${code}`);
    });
    this.#url = String(url);
  }
}
