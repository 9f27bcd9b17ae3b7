import { runCflux } from '../../src/cli/cflux.js';
import type { Terminal } from '../../src/cli/terminal.js';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What was written as bytes. */
  readonly bytes: Buffer;
}

export interface FakeTerminalOptions {
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The input at a question; absent if no user is there. */
  readonly typed?: string;
  /** Standard input; absent: a keyboard. */
  readonly input?: string | Uint8Array;
  /** Ends a command that serves. */
  readonly ended?: Promise<string>;
}

/** Runs `cflux` in this process, with a terminal that remembers. */
export async function cflux(args: readonly string[], options: FakeTerminalOptions = {}): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const bytes: Uint8Array[] = [];
  const terminal: Terminal = {
    env: options.env ?? {},
    out: (line) => out.push(line),
    err: (line) => err.push(line),
    write: async (chunk) => {
      bytes.push(chunk);
    },
    input: async () => (options.input === undefined ? undefined : Buffer.from(options.input)),
    ask: async () => options.typed,
    ended: () => options.ended ?? new Promise(() => {}),
  };
  const code = await runCflux(args, terminal);
  return { code, out: out.join('\n'), err: err.join('\n'), bytes: Buffer.concat(bytes) };
}
