import type { Clock } from '../../clock.js';
import { printable, printableJson } from '../../printable.js';

/** The log of an agent, line by line: as text, or as JSON for programs. */
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

  /** Writes one line. Text output has `text`; JSON has `event`, `text` and `fields`. */
  notify(event: string, text: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const time = new Date(this.#clock.now()).toISOString();
    this.#write(
      this.#json
        ? printableJson(JSON.stringify({ time, event, text, ...fields }, withoutBigints))
        : `${time} ${printable(text)}`,
    );
  }
}

/** Converts 64-bit integers to strings, because JSON does not have them. */
export function withoutBigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
