import { writeFile } from 'node:fs/promises';
import type { Call, Complaint, History, Observation, Operation } from './history.js';
import { type Answer, now } from './programs/messages.js';

/** Records every operation from its request on, and all that nodes report meanwhile. */
export class OperationLog implements History {
  readonly operations: Operation[] = [];
  readonly observations: Observation[] = [];
  readonly complaints: Complaint[] = [];
  #lastId = 0;
  #isOver = false;

  /**
   * An operation is requested. The returned function records the outcome; undefined if its process died, so that it is unknown. The node's
   * own times count where there are any: they are nearer to what happened. Answers the outcome.
   */
  begin(client: string, call: Call): (answer: Answer | undefined) => Operation['outcome'] {
    const asked = { id: ++this.#lastId, client, call, begin: now() };
    return (answer) => {
      const heard: Answer = answer ?? {
        begin: asked.begin,
        end: Number.POSITIVE_INFINITY,
        outcome: 'unknown',
        error: 'the process ended',
      };
      this.operations.push({ ...asked, ...heard });
      return heard.outcome;
    };
  }

  observe(observation: Observation): void {
    this.observations.push(observation);
  }

  complain(complaint: Complaint): void {
    if (!this.#isOver) this.complaints.push(complaint);
  }

  /** Reports from now on belong to the end, and not to the run. */
  end(): void {
    this.#isOver = true;
  }

  /** One line of JSON for each thing that was seen; an end of null is none. */
  async save(file: string): Promise<void> {
    const lines = [
      ...this.operations.map((operation) => ({ kind: 'operation', ...operation })),
      ...this.observations.map((observation) => ({ kind: 'observation', ...observation })),
      ...this.complaints.map((complaint) => ({ kind: 'complaint', ...complaint })),
    ];
    await writeFile(file, `${lines.map((line) => JSON.stringify(line)).join('\n')}\n`);
  }
}
