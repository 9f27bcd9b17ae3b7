import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { bundle } from '../test/support/bundle.js';

export interface Usage {
  /** Milliseconds of processor time since the process began. */
  readonly cpu: number;
  /** Bytes. */
  readonly rss: number;
}

/** A server of a benchmark in a process of its own, so that its processor time and memory are measured apart from those of the load. */
export class MeasuredChild {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  /** @param program a TypeScript program that sends its URL when it serves, and then a response to each question */
  static async start(program: URL, ...args: string[]): Promise<MeasuredChild> {
    // Plain JavaScript, as it is published, because the loader that runs TypeScript makes closures more expensive.
    const file = await bundle(fileURLToPath(program));
    const child = fork(file, args, { execArgv: ['--expose-gc'] });
    const { url } = await message<{ url: string }>(child);
    return new MeasuredChild(child, url);
  }

  usage(): Promise<Usage> {
    return this.ask('cpu');
  }

  /** After a garbage collection. */
  memory(): Promise<Usage> {
    return this.ask('memory');
  }

  ask<T>(question: string): Promise<T> {
    this.#child.send(question);
    return message(this.#child);
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await closed;
  }
}

function message<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error('the process ended'));
    child.once('exit', onExit);
    child.once('message', (value) => {
      child.off('exit', onExit);
      resolve(value as T);
    });
  });
}
