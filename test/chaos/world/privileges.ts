import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** Runs a command of the system; throws with its output. */
export async function run(program: string, ...args: readonly string[]): Promise<void> {
  await exec(program, args);
}

/** Why `attempt` is not possible here, or undefined where it is. */
export async function obstacleTo(attempt: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error);
  }
}
