import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { CfluxEventName, CfluxEvents } from '../../../src/client/observe/events.js';
import { bundle } from '../../support/bundle.js';
import { ResponsiveTime } from '../../support/responsive-time.js';

const program = fileURLToPath(new URL('./node-program.ts', import.meta.url));
let built: Promise<string> | undefined;

/** What the program takes as JSON. */
export interface NodeProcessSettings {
  readonly endpoint: string;
  /** How much faster than the machine's its clock runs. Default: 1. */
  readonly haste?: number;
  readonly cluster?: string;
  readonly pollWait?: number;
  readonly heartbeatInterval?: number;
  readonly retry?: { readonly pollMargin?: number };
}

/** A node in a process of its own (see node-program.ts). */
export class NodeProcess {
  readonly #child: ChildProcess;
  readonly #events: { readonly event: string; readonly payload: unknown }[] = [];
  readonly #waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #asked = 0;
  /** With the code, and how long after its last output, in milliseconds of responsive time. */
  readonly exited: Promise<{ readonly code: number | null; readonly afterLastWord: number }>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    const sinceLastWord = new ResponsiveTime();
    if (child.stdout === null) throw new Error('no standard output');
    createInterface(child.stdout).on('line', (line) => {
      sinceLastWord.restart();
      this.#hear(JSON.parse(line));
    });
    this.exited = new Promise((resolve) => {
      child.once('exit', (code) => {
        for (const { reject } of this.#waiting.values()) reject(new Error(`the node ended with ${code}`));
        resolve({ code, afterLastWord: sinceLastWord.ms });
        sinceLastWord.stop();
      });
    });
  }

  /** A node that has joined. `prefix`: a command that the program is started with; `node`: options of Node. */
  static async open(
    settings: NodeProcessSettings,
    {
      prefix = [],
      node = [],
    }: { readonly prefix?: readonly string[]; readonly node?: readonly string[] } = {},
  ): Promise<NodeProcess> {
    built ??= bundle(program);
    const line = [...prefix, process.execPath, ...node, await built];
    const [command = '', ...args] = [...line, JSON.stringify({ cluster: 'faults', ...settings })];
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    onTestFinished(() => {
      child.kill('SIGKILL');
    });
    const opened = new NodeProcess(child);
    await opened.ask('open');
    return opened;
  }

  /** The result of a command; the node executes them one after the other only if they do not wait. */
  ask<T>(command: string, argument?: unknown): Promise<T> {
    const id = this.#asked++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (value) => resolve(value as T), reject });
      this.#child.stdin?.write(`${JSON.stringify({ id, command, argument })}\n`);
    });
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  heard<Name extends CfluxEventName>(name: Name): CfluxEvents[Name][0][] {
    const payloads = this.#events.filter(({ event }) => event === name).map(({ payload }) => payload);
    return payloads as CfluxEvents[Name][0][];
  }

  #hear(line: { id?: number; result?: unknown; error?: string; event?: string; payload?: unknown }): void {
    if (line.event !== undefined) this.#events.push({ event: line.event, payload: line.payload });
    if (line.id === undefined) return;
    const waiting = this.#waiting.get(line.id);
    this.#waiting.delete(line.id);
    if (line.error === undefined) waiting?.resolve(line.result);
    else waiting?.reject(new Error(line.error));
  }
}
