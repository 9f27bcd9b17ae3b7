import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { bundle } from '../../test/support/bundle.js';

export interface Usage {
  /** Milliseconds of processor time since the process began. */
  readonly cpu: number;
  /** Bytes; the highest since the last question for memory, if that is what is asked. */
  readonly rss: number;
}

/** A proxy of the benchmark in a process of its own. */
export class ProxyProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(kind: 'gateway' | 'bare' | 'source', ...args: string[]): Promise<ProxyProcess> {
    const program = await bundle(fileURLToPath(new URL('proxy-process.ts', import.meta.url)));
    const child = fork(program, [kind, ...args], { execArgv: ['--expose-gc'] });
    const [{ url }] = (await once(child, 'message')) as [{ url: string }];
    return new ProxyProcess(child, url);
  }

  async usage(question: 'cpu' | 'memory' | 'peak' = 'cpu'): Promise<Usage> {
    this.#child.send(question);
    const [usage] = (await once(this.#child, 'message')) as [Usage];
    return usage;
  }

  stop(): void {
    this.#child.kill();
  }
}
