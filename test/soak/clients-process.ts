import { once } from 'node:events';
import { ChildProgram } from '../chaos/world/child-program.js';
import type { ClientsSetup, FinalNode, Order, SoakReport } from './programs/messages.js';

/** A process of many clients, as the soak sees it. */
export class ClientsProcess {
  readonly setup: ClientsSetup;
  readonly #program: ChildProgram;
  readonly #hear: (report: SoakReport) => void;
  readonly #reports = new EventTarget();

  constructor(setup: ClientsSetup, program: string, hear: (report: SoakReport) => void) {
    this.setup = setup;
    this.#program = new ChildProgram([process.execPath, '--expose-gc', program]);
    this.#hear = hear;
  }

  get isAlive(): boolean {
    return this.#program.isAlive;
  }

  start(): void {
    const child = this.#program.start(JSON.stringify(this.setup));
    child.on('message', (report: SoakReport) => {
      this.#hear(report);
      this.#reports.dispatchEvent(new CustomEvent(report.kind, { detail: report }));
    });
    child.on('exit', (code) => {
      if (code)
        this.#hear({ kind: 'complaint', node: this.setup.name, what: `the process ended with ${code}` });
    });
  }

  /** No more changes, and every node open. */
  async rest(): Promise<void> {
    const resting = once(this.#reports, 'resting');
    this.#order('rest');
    await resting;
  }

  async judge(): Promise<readonly FinalNode[]> {
    const final = once(this.#reports, 'final');
    this.#order('judge');
    const [{ detail }] = await final;
    return detail.nodes;
  }

  async end(): Promise<void> {
    this.#order('end');
    const deadline = performance.now() + 30_000;
    while (this.isAlive && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 50));
    if (this.isAlive)
      this.#hear({ kind: 'complaint', node: this.setup.name, what: 'the process does not end' });
    await this.#program.end('SIGKILL');
  }

  #order(order: Order): void {
    this.#program.send({ order });
  }
}
