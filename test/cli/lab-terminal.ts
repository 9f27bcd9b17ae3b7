import { runCflux } from '../../src/cli/cflux.js';
import type { Terminal } from '../../src/cli/terminal.js';

/** A command that runs in this process. */
export interface Running {
  /** Lines of its output so far. */
  readonly lines: readonly string[];
  /** Resolves with the first line, of those so far and to come, that has `text`. */
  line(text: string): Promise<string>;
  /** Asks it to end, as SIGTERM does; its exit code. */
  end(): Promise<number>;
  readonly exit: Promise<number>;
}

/** Runs `cflux` with `args` in this process. */
export function cflux(args: readonly string[], env: Readonly<Record<string, string>> = {}): Running {
  const lines: string[] = [];
  const waiting: { text: string; resolve: (line: string) => void }[] = [];
  let end: (signal: string) => void = () => {};
  const ended = new Promise<string>((resolve) => {
    end = resolve;
  });
  const add = (line: string) => {
    lines.push(line);
    for (const { text, resolve } of waiting) if (line.includes(text)) resolve(line);
  };
  const terminal: Terminal = {
    env,
    out: add,
    err: add,
    write: async () => {},
    input: async () => undefined,
    ask: async () => undefined,
    ended: () => ended,
  };
  const exit = runCflux(args, terminal);
  return {
    lines,
    exit,
    line: (text) =>
      new Promise((resolve, reject) => {
        const there = lines.find((line) => line.includes(text));
        if (there !== undefined) resolve(there);
        waiting.push({ text, resolve });
        void exit.then((code) =>
          reject(new Error(`ended with ${code} before "${text}": ${lines.join('\n')}`)),
        );
      }),
    async end() {
      end('SIGTERM');
      return exit;
    },
  };
}
