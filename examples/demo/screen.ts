const bold = (text: string) => `\x1b[1m${text}\x1b[0m`;
export const mark = (ok: boolean) => (ok ? '\x1b[32m✓\x1b[0m' : '\x1b[31m✗\x1b[0m');

/** The last digits of a version, as `cflux` shows it in tables. */
export const shortVersion = (version: number) => `…${String(version).slice(-4)}`;

export const step = (text: string) => console.log(`\n${bold(text)}`);
export const say = (text: string) => console.log(text === '' ? '' : `  ${text}`);

const width = 30;

/** A line with a bar, drawn again as the work goes on; without a terminal it is written once, at the end. */
export class ProgressBar {
  readonly #total: number;
  readonly #unit: string;
  readonly #done = { acknowledged: 0, unknown: 0 };
  #conflicts = 0;

  constructor(total: number, unit: string) {
    this.#total = total;
    this.#unit = unit;
    this.#draw();
  }

  /** A change was acknowledged, or its outcome is unknown, because the response was lost. */
  advance(outcome: 'acknowledged' | 'unknown'): void {
    this.#done[outcome] += 1;
    this.#draw();
  }

  /** Another node was first: the change is applied again to the newer metadata. */
  conflict(): void {
    this.#conflicts += 1;
    this.#draw();
  }

  /** Writes a line above the bar. */
  readonly say = (text: string): void => {
    if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
    say(text);
    this.#draw();
  };

  end(): void {
    if (process.stdout.isTTY) console.log();
    else say(this.#line);
  }

  get #line(): string {
    const { acknowledged, unknown } = this.#done;
    const filled = Math.round((width * acknowledged) / this.#total);
    const bar = '█'.repeat(filled) + '░'.repeat(width - filled);
    const others = unknown === 0 ? '' : `, ${unknown} with an unknown outcome`;
    return `${bar} ${acknowledged} of ${this.#total} ${this.#unit} acknowledged${others}; conflicts: ${this.#conflicts}`;
  }

  #draw(): void {
    if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K  ${this.#line}`);
  }
}
