import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** How an example ended. */
export interface Ended {
  readonly exit: number | null;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

/** An example that runs in a process of its own, as a reader would run it. */
export interface RunningExample {
  readonly process: ChildProcess;
  /** Lines of standard output so far. */
  readonly out: readonly string[];
  readonly ended: Promise<Ended>;
}

/** Starts `examples/<name>.ts`; it is killed at the end of the test if it has not ended by then. */
export function startExample(
  name: string,
  args: readonly string[] = [],
  nodeFlags: readonly string[] = [],
): RunningExample {
  const child = spawn(process.execPath, ['--import', 'tsx', ...nodeFlags, `examples/${name}.ts`, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [out, err]: [string[], string[]] = [[], []];
  createInterface({ input: child.stdout }).on('line', (line) => out.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => err.push(line));
  const ended = once(child, 'close').then(() => ({ exit: child.exitCode, out, err }));
  return { process: child, out, ended };
}

/** Runs an example to its end. */
export function runExample(
  name: string,
  args?: readonly string[],
  nodeFlags?: readonly string[],
): Promise<Ended> {
  return startExample(name, args, nodeFlags).ended;
}
