import type { Clock } from '../clock.js';
import { printable, printableJson } from '../printable.js';

/** What an agent tells, line by line: for people, or as JSON for programs. */
export class AgentLog {
  readonly #write: (line: string) => void;
  readonly #json: boolean;
  readonly #clock: Clock;

  constructor(
    write: (line: string) => void,
    { json, clock }: { readonly json: boolean; readonly clock: Clock },
  ) {
    this.#write = write;
    this.#json = json;
    this.#clock = clock;
  }

  /** `event` is a name for programs, `text` says it to people; `fields` are for programs only. */
  notify(event: string, text: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const time = new Date(this.#clock.now()).toISOString();
    this.#write(
      this.#json
        ? printableJson(JSON.stringify({ time, event, text, ...fields }, withoutBigints))
        : `${time} ${printable(text)}`,
    );
  }
}

/** JSON has no integers of 64 bits: they are text there. */
export function withoutBigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
