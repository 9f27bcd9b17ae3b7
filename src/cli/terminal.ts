import { createInterface } from 'node:readline/promises';

/** What a command sees of the world around it. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A line of the result. */
  out(line: string): void;
  /** A line about what goes on. */
  err(line: string): void;
  /** Bytes of the result, as they are. */
  write(bytes: Uint8Array): Promise<void>;
  /** All of standard input; `undefined` where that is a keyboard. */
  input(): Promise<Buffer | undefined>;
  /** The answer to a question; `undefined` where nobody can be asked. */
  ask(question: string): Promise<string | undefined>;
  /** Resolves with the name of the signal that asks the process to end. */
  ended(): Promise<string>;
}

/** The terminal that this process was started from. */
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
