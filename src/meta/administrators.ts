import { CfluxError } from '../errors.js';
import type { MetaData } from './records.js';

/**
 * Rejects a change that removes the last administrator: without one, users can only be managed by starting InfluxDB without authentication.
 *
 * @throws CfluxError `LAST_ADMINISTRATOR`
 */
export function checkAdministrators(before: MetaData, after: MetaData): void {
  const last = before.users.filter(({ admin }) => admin).map(({ name }) => JSON.stringify(name));
  if (last.length === 0 || after.users.some(({ admin }) => admin)) return;
  throw new CfluxError(
    'LAST_ADMINISTRATOR',
    `cannot remove the last administrator ${last.join(', ')}: create another one first, or pass --allow-no-admin`,
  );
}
