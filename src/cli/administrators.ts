import { CfluxError } from '../errors.js';
import type { MetaData } from '../meta/records.js';

/**
 * Passes unless a change removes the last administrator: without one, only InfluxDB's own start without authentication helps.
 *
 * @throws CfluxError `LAST_ADMINISTRATOR`
 */
export function checkAdministrators(before: MetaData, after: MetaData): void {
  const last = before.users.filter(({ admin }) => admin).map(({ name }) => JSON.stringify(name));
  if (last.length === 0 || after.users.some(({ admin }) => admin)) return;
  throw new CfluxError(
    'LAST_ADMINISTRATOR',
    `no administrator would remain without ${last.join(', ')}, and nobody could manage users: make another one first, or say --allow-no-admin`,
  );
}
