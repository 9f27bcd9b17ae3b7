import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Step, stepsOf } from './steps.js';
import { Terminal } from './terminal.js';

const timeout = 60_000;

/** Follows a tutorial in an empty folder, with the packed package; throws at the first step with another result than the tutorial shows. */
export async function follow(document: string, tarball: string): Promise<void> {
  const markdown = readFileSync(document, 'utf8');
  const reader = new Reader(tarball, await freePorts(markdown));
  try {
    for (const step of stepsOf(markdown)) {
      await reader.do(step).catch((cause: unknown) => {
        throw new Error(`${document}:${step.line}: ${cause instanceof Error ? cause.message : cause}`, {
          cause,
        });
      });
    }
  } finally {
    await reader.leave();
  }
}

class Reader {
  readonly #tarball: string;
  readonly #ports: ReadonlyMap<string, number>;
  readonly #folder = mkdtempSync(join(tmpdir(), 'clusterflux-tutorial-'));
  readonly #env: NodeJS.ProcessEnv;
  readonly #terminals = new Map<string, Terminal>();
  #last: Terminal | undefined;

  constructor(tarball: string, ports: ReadonlyMap<string, number>) {
    this.#tarball = tarball;
    this.#ports = ports;
    this.#env = { ...process.env, CFLUX_ENDPOINT: `http://127.0.0.1:${ports.get('8000') ?? 8000}` };
  }

  async do(step: Step): Promise<void> {
    switch (step.kind) {
      case 'file':
        writeFileSync(join(this.#folder, step.name), this.#here(step.text));
        return;
      case 'command': {
        this.#last = this.#open(step.text);
        const code = await this.#last.end();
        if (code !== 0) throw new Error(`exit code ${code}\n${this.#last.output}`);
        return;
      }
      case 'start':
        this.#last = this.#open(step.text);
        this.#terminals.set(step.terminal, this.#last);
        return;
      case 'interrupt':
        await this.#terminals.get(step.terminal)?.interrupt();
        return;
      case 'output': {
        const terminal = step.terminal === undefined ? this.#last : this.#terminals.get(step.terminal);
        if (terminal === undefined) throw new Error(`nothing runs in ${step.terminal}`);
        await terminal.shows(
          step.lines.map((line) => this.#here(line)),
          timeout,
        );
      }
    }
  }

  async leave(): Promise<void> {
    for (const terminal of this.#terminals.values()) await terminal.interrupt();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #open(script: string): Terminal {
    return new Terminal(this.#here(script), this.#folder, this.#env);
  }

  /** The package that is tried in place of the published one, and free ports in place of those of the text. */
  #here(text: string): string {
    return text
      .replaceAll('npm install clusterflux', `npm install --no-audit --no-fund ${this.#tarball}`)
      .replaceAll('manager --memory', 'manager --memory --listen 127.0.0.1:8000')
      .replace(port, (number) => String(this.#ports.get(number) ?? number));
  }
}

const port = /\b8[06]\d\d\b/g;

async function freePorts(markdown: string): Promise<ReadonlyMap<string, number>> {
  const named = new Set(['8000', ...[...markdown.matchAll(port)].map(String)]);
  const servers = await Promise.all(
    [...named].map(async (name) => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return { name, server, free: (server.address() as AddressInfo).port };
    }),
  );
  for (const { server } of servers) server.close();
  return new Map(servers.map(({ name, free }) => [name, free]));
}
