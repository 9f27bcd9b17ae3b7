import { createInterface } from 'node:readline/promises';

/** The environment of a command: input, output and signals. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Writes a line of the result. */
  out(line: string): void;
  /** Writes a line about progress or an error. */
  err(line: string): void;
  /** Writes bytes of the result unchanged. */
  write(bytes: Uint8Array): Promise<void>;
  /** Reads all of standard input; `undefined` if it is a terminal. */
  input(): Promise<Buffer | undefined>;
  /** Asks a question and resolves with the input; `undefined` if standard input is not a terminal. */
  ask(question: string): Promise<string | undefined>;
  /** Resolves with the name of the signal that asks the process to end. */
  ended(): Promise<string>;
}

/** The terminal of this process. */
export const processTerminal: Terminal = {
  env: process.env,
  out: (line) => console.log(line),
  err: (line) => console.error(line),
  write: (bytes) =>
    new Promise((resolve, reject) => {
      process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
    }),
  async input() {
    if (process.stdin.isTTY) return undefined;
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk));
    return Buffer.concat(chunks);
  },
  async ask(question) {
    if (!process.stdin.isTTY) return undefined;
    const reader = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return await reader.question(question);
    } finally {
      reader.close();
    }
  },
  ended: () =>
    new Promise((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        // A second signal ends the process at once, as it does by default.
        process.once(signal, () => resolve(signal));
      }
    }),
};
