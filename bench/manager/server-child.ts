import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../test/support/bundle.js';

export interface Usage {
  /** Milliseconds of CPU since the process began. */
  readonly cpu: number;
  /** Bytes. */
  readonly rss: number;
}

/** A server of the benchmark in a process of its own. */
export class ServerChild {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(
    kind: 'manager' | 'bare-heartbeat' | 'bare-fan-out',
    ...args: string[]
  ): Promise<ServerChild> {
    // As it is published: plain JavaScript, for the loader that runs TypeScript makes closures dearer.
    const program = await bundle(fileURLToPath(new URL('server-process.ts', import.meta.url)));
    const child = fork(program, [kind, ...args], { execArgv: ['--expose-gc'] });
    const { url } = await message<{ url: string }>(child);
    return new ServerChild(child, url);
  }

  async usage(): Promise<Usage> {
    this.#child.send('cpu');
    return message(this.#child);
  }

  /** After a garbage collection. */
  async memory(): Promise<Usage> {
    this.#child.send('memory');
    return message(this.#child);
  }

  /** For how many milliseconds the event loop was blocked at most since this was asked last. */
  async maxBlock(): Promise<number> {
    this.#child.send('block');
    return (await message<{ maxBlock: number }>(this.#child)).maxBlock;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await closed;
  }
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error('the server ended'));
    child.once('exit', onExit);
    child.once('message', (value) => {
      child.off('exit', onExit);
      resolve(value as T);
    });
  });
}
