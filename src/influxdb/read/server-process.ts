import { createHash } from 'node:crypto';
import type { InfluxConnection } from '../connect/influx-connection.js';
import type { Series } from '../connect/influx-results.js';
import { diagnosticIn } from './diagnostics.js';

/** Where SHOW DIAGNOSTICS shows what identifies the process: no other one has all three. */
const marks = [
  ['network', 'hostname'],
  ['system', 'PID'],
  ['system', 'started'],
] as const;

/**
 * Resolves with a name of the server's process, which all its clients find, whatever address they use; it changes with each start.
 * `undefined` if the server does not show it.
 */
export async function serverProcess(
  connection: InfluxConnection,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const [answer] = await connection.read(['SHOW DIAGNOSTICS'], signal);
  return processIn(answer?.series ?? []);
}

/** As {@link serverProcess}, from the result of SHOW DIAGNOSTICS. */
export function processIn(series: readonly Series[]): string | undefined {
  const shown = marks.map(([section, name]) => diagnosticIn(series, section, name));
  if (shown.some((value) => value === undefined || value === null)) return undefined;
  return createHash('sha256').update(shown.map(String).join('\n')).digest('hex').slice(0, 16);
}
