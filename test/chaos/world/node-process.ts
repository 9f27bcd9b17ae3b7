import type { Call, Operation } from '../history.js';
import type { OperationLog } from '../operation-log.js';
import type { Answer, NodeSetup, Report, Request } from '../programs/messages.js';
import { ChildProgram } from './child-program.js';

/** What is asked of a node, without the number of the question. */
type Question = Request extends infer Each ? (Each extends unknown ? Omit<Each, 'id'> : never) : never;

/** A node in a process of its own, which keeps its folder when it is killed. */
export class NodeProcess {
  readonly setup: NodeSetup;
  readonly program: ChildProgram;
  readonly #log: OperationLog;
  readonly #waiting = new Map<number, (answer: Answer | undefined) => void>();
  #lastId = 0;
  #life = 0;

  /** `command`: how its program is run. */
  constructor(setup: NodeSetup, command: readonly string[], log: OperationLog) {
    this.setup = setup;
    this.program = new ChildProgram(command);
    this.#log = log;
  }

  get name(): string {
    return this.setup.name;
  }

  /** The node in its present life. */
  get client(): string {
    return `${this.name}#${this.#life}`;
  }

  start(): void {
    if (this.program.isAlive) return;
    this.#life += 1;
    const { client } = this;
    const child = this.program.start(JSON.stringify(this.setup));
    child.on('message', (report: Report) => this.#hear(client, report));
    child.on('exit', (code) => {
      if (code) this.#log.complain({ client, time: 0, what: `the process ended with ${code}` });
      for (const hear of this.#waiting.values()) hear(undefined);
      this.#waiting.clear();
    });
  }

  /** The response of the node; undefined if its process ended before. */
  ask(question: Question): Promise<Answer | undefined> {
    if (!this.program.isAlive) return Promise.resolve(undefined);
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.program.send({ id, ...question });
    });
  }

  /** Carries out `call`, with a record of it from before it is sent. */
  async perform(call: Call): Promise<Operation['outcome']> {
    const end = this.#log.begin(this.client, call);
    return end(await this.ask({ call }));
  }

  /** Closes the client as a user would, which ends the process. */
  async close(): Promise<void> {
    if (!this.program.isAlive) return;
    this.program.resume();
    await Promise.race([
      this.ask({ close: true }),
      new Promise((resolve) => setTimeout(resolve, 20_000).unref()),
    ]);
    await this.program.end('SIGKILL');
  }

  #hear(client: string, report: Report): void {
    if (report.kind === 'answer') {
      this.#waiting.get(report.id)?.(report.answer);
      this.#waiting.delete(report.id);
    } else if (report.kind === 'complaint')
      this.#log.complain({ client, time: report.time, what: report.what });
    else {
      const { time, epoch, version, digest } = report;
      this.#log.observe({ client, time, at: { epoch, version }, digest });
    }
  }
}
